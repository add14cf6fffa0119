--! needs 000002_context
-- The form of e-mail addresses. `layers/tenancy/email.ts` makes it out of what a person or a token writes.

create or replace function tenancy.is_email(p_text text)
returns boolean
language plpgsql
immutable
parallel safe
as $$
begin
  return length(p_text) <= 320
    and p_text ~ ('^[a-z0-9.!#$%&''*+/=?^_`{}~-]+@'
      '[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?(\.[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?)*$');
end
$$;

comment on function tenancy.is_email is
  'Whether a text is the one form of an e-mail address: ASCII in lower case, what HTML calls valid, without bars, which separate '
  'the parts of a pass. A domain in another script is in its ASCII form (IDNA).';
grant execute on function tenancy.is_email to stockade_admin;

--! needs tenancy/context_keys
--! needs 000004_credentials
-- Passes: what the API mints for a user whose token it has verified, and the keys that verify them.

create or replace function tenancy.set_pass_key(p_id text, p_secret bytea)
returns void
language plpgsql
volatile
security definer
set search_path = ''
as $$
begin
  if length(p_secret) not between 32 and 64 then
    raise exception 'a pass key has 32 to 64 bytes, not %', length(p_secret) using errcode = '22023';
  end if;
  insert into tenancy.pass_keys (id, inner_pad, outer_pad)
  values (p_id, tenancy.hmac_pad(p_secret, 54), tenancy.hmac_pad(p_secret, 92))
  on conflict (id) do update set inner_pad = excluded.inner_pad, outer_pad = excluded.outer_pad;
end
$$;

comment on function tenancy.set_pass_key is
  'Lets the database verify passes that were minted with this key. To rotate: set the new one, give it to the API, '
  'drop the old one with tenancy.drop_pass_key(). Raises 22023 when the secret has not 32 to 64 bytes.';
grant execute on function tenancy.set_pass_key to stockade_admin;

create or replace function tenancy.drop_pass_key(p_id text)
returns boolean
language plpgsql
volatile
security definer
set search_path = ''
as $$
begin
  delete from tenancy.pass_keys where id = p_id;
  return found;
end
$$;

comment on function tenancy.drop_pass_key is
  'Makes every pass that was minted with this key worthless. Returns whether there was such a key.';
grant execute on function tenancy.drop_pass_key to stockade_admin;

create or replace function tenancy.email_of_pass(p_pass text)
returns text
language plpgsql
stable
set search_path = ''
as $$
declare
  v_part text[] := string_to_array(p_pass, '|');
  v_key tenancy.pass_keys;
begin
  select * into v_key from tenancy.pass_keys where id = v_part[1];
  if cardinality(v_part) = 4
    and v_part[4] = encode(
      sha256(v_key.outer_pad || sha256(v_key.inner_pad || convert_to(left(p_pass, -65), 'UTF8'))),
      'hex'
    )
    and v_part[2]::bigint > extract(epoch from clock_timestamp())
  then
    return v_part[3];
  end if;
  return null;
end
$$;

comment on function tenancy.email_of_pass is
  'The e-mail address that a pass vouches for; null when it is forged, expired or malformed. A pass is <pass '
  'key>|<expiry, Unix seconds>|<email>|<HMAC-SHA256, hex>.';

--! needs 000002_context
-- The keys that sign the contexts of transactions.

create or replace function tenancy.hmac_pad(p_key bytea, p_pad integer)
returns bytea
language plpgsql
immutable
set search_path = ''
as $$
declare
  v_padded bytea := p_key || decode(repeat('00', 64 - length(p_key)), 'hex');
begin
  for i in 0..63 loop
    v_padded := set_byte(v_padded, i, get_byte(v_padded, i) # p_pad);
  end loop;
  return v_padded;
end
$$;

comment on function tenancy.hmac_pad is
  'One of the two padded keys of HMAC (RFC 2104): p_pad is 54 (0x36) for the inner one, 92 (0x5c) for the outer '
  'one.';

create or replace function tenancy.rotate_context_key()
returns text
language plpgsql
volatile
security definer
set search_path = ''
as $$
declare
  v_key bytea := ''::bytea;
  v_id text;
begin
  lock table tenancy.context_keys in share row exclusive mode;
  -- gen_random_uuid() draws from the server's strong random source, 122 bits at a time; hashed, they are evenly spread.
  for i in 1..2 loop
    v_key := v_key || sha256(uuid_send(gen_random_uuid()) || uuid_send(gen_random_uuid()) || uuid_send(gen_random_uuid()));
  end loop;
  -- No transaction lives for a day, so nothing that such a key has signed is still in use.
  delete from tenancy.context_keys where not active and created_at < now() - interval '1 day';
  update tenancy.context_keys set active = false, created_at = now() where active;
  select (coalesce(max(id::bigint), 0) + 1)::text into v_id from tenancy.context_keys;
  insert into tenancy.context_keys (id, inner_pad, outer_pad, active)
  values (v_id, tenancy.hmac_pad(v_key, 54), tenancy.hmac_pad(v_key, 92), true);
  return v_id;
end
$$;

comment on function tenancy.rotate_context_key is
  'Creates the key that signs contexts from the next transaction on, and returns its id. Contexts signed before '
  'stay valid; keys replaced more than a day ago are deleted.';
grant execute on function tenancy.rotate_context_key to stockade_admin;

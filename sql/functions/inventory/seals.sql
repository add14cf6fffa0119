--! needs inventory/forms
--! needs inventory/seal_boundary
--! needs tenancy/context
--! needs 000022_seals
-- Seals.

create or replace function inventory.seal_header(p_seal inventory.seals)
returns text
language sql
stable
set search_path = ''
as $$
  select concat(
    'stockade seal ', p_seal.version, E'\n',
    p_seal.org_id, E'\n',
    p_seal.seq, E'\n',
    encode(p_seal.previous_hash, 'hex'), E'\n',
    p_seal.after_entry, E'\n',
    p_seal.boundary, E'\n',
    p_seal.movements, E'\n',
    -- Version 1 counts no entries, and has no line for them.
    p_seal.entries || E'\n',
    encode(p_seal.merkle_root, 'hex'), E'\n',
    p_seal.closings, E'\n',
    encode(p_seal.closing_digest, 'hex'), E'\n',
    inventory.iso(p_seal.recorded_through), E'\n',
    inventory.iso(p_seal.settled_through), E'\n',
    inventory.iso(p_seal.sealed_at), E'\n'
  )
$$;

comment on function inventory.seal_header is
  'The text that the hash of a seal is computed from.';

create or replace function inventory.seal_json(p_seal inventory.seals)
returns json
language sql
stable
set search_path = ''
as $$
  select json_build_object(
    'version', p_seal.version,
    'seq', p_seal.seq,
    'hash', encode(p_seal.hash, 'hex'),
    'previousHash', encode(p_seal.previous_hash, 'hex'),
    'afterEntry', p_seal.after_entry,
    'boundary', p_seal.boundary,
    'movements', p_seal.movements,
    'entries', p_seal.entries,
    'merkleRoot', encode(p_seal.merkle_root, 'hex'),
    'closings', p_seal.closings,
    'closingDigest', encode(p_seal.closing_digest, 'hex'),
    'recordedThrough', inventory.iso(p_seal.recorded_through),
    'settledThrough', inventory.iso(p_seal.settled_through),
    'sealedAt', inventory.iso(p_seal.sealed_at)
  )
$$;

comment on function inventory.seal_json is
  'A seal as the API shows it.';
grant execute on function inventory.seal_json to stockade_jobs;

create or replace function inventory.seal_next(p_most_movements integer)
returns json
language plpgsql
volatile
security definer
set search_path = ''
set plan_cache_mode = 'force_custom_plan'
set jit = 'off'
set work_mem = '64MB'
as $$
declare
  v_org_id constant uuid := tenancy.require_scope('write');
  v_leaf_bytes constant integer := 52;
  -- 1024 leaves.
  v_page_levels constant integer := 10;
  v_drawn inventory.seal_boundaries;
  v_last inventory.seals;
  v_seal inventory.seals;
  v_after uuid;
  v_leaves bytea;
  v_nodes bytea;
  v_page_roots bytea;
  v_level integer := 1;
  v_closings inventory.seal_closings[];
begin
  if current_setting('transaction_isolation') <> 'read committed' then
    raise exception 'a seal is made in a read committed transaction, which sees the last one'
      using errcode = '25001';
  end if;
  -- Of two at once the second waits here, and then seals what comes after the seal of the first.
  select * into v_drawn from inventory.seal_boundaries where org_id = v_org_id for update;
  select * into v_last from inventory.seals where org_id = v_org_id order by seq desc limit 1;
  v_after := coalesce(v_last.boundary, '00000000-0000-0000-0000-000000000000');

  -- An entry is sealed as a whole, so its lines may exceed the limit.
  select entry_id
  into v_seal.boundary
  from inventory.movements
  where org_id = v_org_id
    and entry_id > v_after
    and entry_id <= v_drawn.boundary
  order by entry_id, line
  offset p_most_movements - 1
  limit 1;
  v_seal.boundary := coalesce(v_seal.boundary, v_drawn.boundary);

  select l.leaves, l.movements, l.recorded_through
  into v_leaves, v_seal.movements, v_seal.recorded_through
  from inventory.seal_leaves(v_org_id, v_after, v_seal.boundary) as l;
  if v_leaves is null then
    return null;
  end if;
  -- Of the entries themselves: an entry without movements has no leaf.
  select count(*)
  into v_seal.entries
  from inventory.entries
  where org_id = v_org_id
    and id > v_after
    and id <= v_seal.boundary;

  v_nodes := inventory.merkle_level(v_leaves, v_leaf_bytes, v_leaf_bytes - 32);
  while length(v_nodes) > 32 loop
    if v_level = v_page_levels then
      v_page_roots := v_nodes;
    end if;
    v_nodes := inventory.merkle_level(v_nodes, 32, 0);
    v_level := v_level + 1;
  end loop;
  v_page_roots := coalesce(v_page_roots, v_nodes);

  v_seal.org_id := v_org_id;
  v_seal.version := 2;
  v_seal.seq := coalesce(v_last.seq, 0) + 1;
  v_seal.previous_hash := coalesce(v_last.hash, decode(repeat('00', 32), 'hex'));
  v_seal.after_entry := v_last.boundary;
  v_seal.merkle_root := v_nodes;
  v_seal.recorded_through := greatest(v_last.recorded_through, v_seal.recorded_through);
  v_seal.settled_through := case
    when v_seal.boundary = v_drawn.boundary then v_drawn.settled_through
    -- When the movements between this seal and the boundary were recorded is not known.
    else v_last.settled_through
  end;
  v_seal.sealed_at := date_trunc('milliseconds', clock_timestamp());

  select
    array_agg(row(closing.*)::inventory.seal_closings order by closing.item_id, closing.location_id, closing.lot collate "C"),
    count(*),
    sha256(
      string_agg(
        uuid_send(closing.item_id) || uuid_send(closing.location_id)
          || convert_to(concat(closing.lot, E'\n', closing.on_hand, E'\n', closing.version, E'\n'), 'UTF8'),
        ''
        order by closing.item_id, closing.location_id, closing.lot collate "C"
      )
    )
  into v_closings, v_seal.closings, v_seal.closing_digest
  from (
    select
      item_id, location_id, lot, sum(quantity) as quantity, count(*) as movements
    from (
      -- By the entry: these may be few, and the history is long.
      select * from inventory.movements where org_id = v_org_id and entry_id > v_after and entry_id <= v_seal.boundary offset 0
    ) as sealed
    group by item_id, location_id, lot
  ) as changed
  left join lateral (
    select c.on_hand, c.version
    from inventory.seal_closings c
    where c.org_id = v_org_id
      and c.item_id = changed.item_id
      and c.location_id = changed.location_id
      and c.lot = changed.lot
    order by c.seq desc
    limit 1
  ) as before on true
  cross join lateral (
    select
      v_org_id as org_id, changed.item_id, changed.location_id, changed.lot, v_seal.seq,
      (coalesce(before.on_hand, 0) + changed.quantity)::numeric(17, 4) as on_hand,
      coalesce(before.version, 0) + changed.movements as version
  ) as closing;

  v_seal.hash := sha256(convert_to(inventory.seal_header(v_seal), 'UTF8'));
  insert into inventory.seals select v_seal.*;
  insert into inventory.seal_pages (org_id, seq, page, last_leaf, root, leaves)
  select
    v_org_id,
    v_seal.seq,
    page,
    substring(leaves from length(leaves) - v_leaf_bytes + 1 for 20),
    substring(v_page_roots from page * 32 + 1 for 32),
    leaves
  from generate_series(0, length(v_page_roots) / 32 - 1) as page
  cross join lateral substring(v_leaves from page * 1024 * v_leaf_bytes + 1 for 1024 * v_leaf_bytes) as leaves;
  insert into inventory.seal_closings select * from unnest(v_closings);
  return inventory.seal_json(v_seal);
end
$$;

comment on function inventory.seal_next is
  'Seals the next movements of the organization that was entered, up to the drawn boundary and about as many as '
  'asked for, and returns the seal; null when there is nothing to seal. Call it until then, a transaction each. '
  'Reads history alone, never the balances. Raises SK902 when no organization was entered, SK104 when the caller '
  'may not write, 25001 in a transaction that is not read committed.';
grant execute on function inventory.seal_next to stockade_jobs;

create or replace function inventory.note_seal_anchor(p_seq bigint, p_bucket text, p_key text, p_version_id text)
returns void
language sql
volatile
security definer
set search_path = ''
as $$
  insert into inventory.seal_anchors (org_id, seq, bucket, key, version_id)
  values (tenancy.require_scope('write'), p_seq, p_bucket, p_key, p_version_id)
  on conflict (org_id, seq, bucket) do nothing
$$;

comment on function inventory.note_seal_anchor is
  'Notes where a seal of the organization that was entered is stored outside of the database; the first note '
  'stays. Raises 23503 when there is no such seal, SK902 when no organization was entered, SK104 when the caller '
  'may not write.';
grant execute on function inventory.note_seal_anchor to stockade_jobs;

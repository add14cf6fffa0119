--! needs tenancy/context
--! needs 000008_movement_columns
--! needs 000011_entries
--! needs 000022_seals
-- The seal boundary: writers share a lock, and the sealer takes it alone for the instant in which it draws the boundary.

create or replace function inventory.refuse_sealed()
returns trigger
language plpgsql
set search_path = ''
as $$
declare
  -- The boundary stays where it is until this transaction ends. The signature of the context is not verified here, because
  -- every posting pays for it: with a forged context a session holds the wrong lock, and the wall refuses its rows.
  -- An assignment needs no executor, which PERFORM would start. Within the query below, the lock would be taken after its
  -- snapshot.
  v_held constant text := pg_advisory_xact_lock_shared(
    hashtextextended(split_part(current_setting('stockade.context', true), '|', 2), 7325)
  );
begin
  -- An older snapshot would show an older boundary.
  if current_setting('transaction_isolation') <> 'read committed' or exists (
    select
    from inventory.seal_boundaries b
    join added a on a.entry_id <= b.boundary or a.recorded_at <= b.settled_through
    where b.org_id = nullif(split_part(current_setting('stockade.context', true), '|', 2), '')::uuid
  ) then
    if current_setting('transaction_isolation') <> 'read committed' then
      raise exception 'movements are written in a read committed transaction, which sees where the ledger is sealed'
        using errcode = '25001';
    end if;
    raise exception 'the ledger was sealed while this entry was posted'
      using errcode = '40001', hint = 'Post it again: it gets a new id and a new time.';
  end if;
  return null;
end
$$;

comment on function inventory.refuse_sealed is
  'Keeps the seal boundary of the organization where it is until this transaction ends, together with other '
  'writers, and refuses movements before it: the boundary was drawn after their id or time, or the clock has gone '
  'back. Raises 40001, on which the caller posts again; 25001 in a transaction that is not read committed.';

create or replace function inventory.draw_seal_boundary()
returns uuid
language plpgsql
volatile
security definer
set search_path = ''
-- Writers that come in the meantime queue behind the sealer.
set lock_timeout = '25ms'
as $$
declare
  v_org_id constant uuid := tenancy.require_scope('write');
  -- A posting that has been under way for longer than this when a boundary is drawn is refused.
  v_longest_posting constant interval := '1 minute';
  v_newest uuid;
begin
  if current_setting('transaction_isolation') <> 'read committed' then
    raise exception 'a boundary is drawn in a read committed transaction, which sees what was committed before it'
      using errcode = '25001';
  end if;
  -- First of all, so that no sealer waits for another one while the writers wait for it.
  perform from inventory.seal_boundaries where org_id = v_org_id for update;
  perform pg_advisory_xact_lock(hashtextextended(v_org_id::text, 7325));
  select id into v_newest from inventory.entries where org_id = v_org_id order by id desc limit 1;
  if v_newest is null then
    return null;
  end if;
  insert into inventory.seal_boundaries as b (org_id, boundary, settled_through)
  values (v_org_id, v_newest, clock_timestamp() - v_longest_posting)
  on conflict (org_id) do update
    set boundary = greatest(b.boundary, excluded.boundary),
        settled_through = greatest(b.settled_through, excluded.settled_through)
  returning b.boundary into v_newest;
  -- The writers wait for this commit, so it does not wait for the disk. A seal is committed after it, to the same log.
  perform set_config('synchronous_commit', 'off', true);
  return v_newest;
end
$$;

comment on function inventory.draw_seal_boundary is
  'Closes the ledger of the organization that was entered up to its newest entry, and returns that entry; null '
  'when there is none. To be committed at once, in a transaction of its own: writers wait for it. Raises 55P03 '
  'when writers were not done within 25 ms (try again), SK902 when no organization was entered, SK104 when the '
  'caller may not write, 25001 in a transaction that is not read committed.';
grant execute on function inventory.draw_seal_boundary to stockade_jobs;

-- The Merkle tree of a seal. docs/SEALS.md defines its bytes.

create or replace function inventory.seal_leaves(
  p_org_id uuid,
  p_after uuid,
  p_boundary uuid,
  out leaves bytea,
  out movements bigint,
  out recorded_through timestamptz
)
language sql
stable
set search_path = ''
-- Both tables in the order of their primary keys, side by side: nothing is sorted, and little is in memory at a time.
set plan_cache_mode = 'force_custom_plan'
set enable_sort = 'off'
set enable_hashjoin = 'off'
set enable_nestloop = 'off'
set enable_seqscan = 'off'
set enable_bitmapscan = 'off'
set jit = 'off'
-- record_send() writes texts in the encoding of the client.
set client_encoding = 'UTF8'
as $$
  select
    string_agg(
      uuid_send(m.entry_id) || int4send(m.line)
        || sha256(
          -- Each value with its length, and a null as a null: no two different rows have the same bytes.
          '\x00'::bytea || record_send(row(
            m.entry_id, m.line, m.item_id, m.location_id,
            m.occurred_at, m.recorded_at, e.occurred_at, e.recorded_at,
            m.quantity::text, m.lot, e.kind, e.reference, e.actor, e.reverses, e.metadata::text
          ))
        ),
      ''
      order by m.entry_id, m.line
    ),
    count(*),
    max(m.recorded_at)
  from inventory.movements m
  join inventory.entries e on e.org_id = m.org_id and e.id = m.entry_id
  where m.org_id = p_org_id
    and m.entry_id > p_after
    and m.entry_id <= p_boundary
    -- The bounds stand for both tables, so that only this range of both indexes is read.
    and e.org_id = p_org_id
    and e.id > p_after
    and e.id <= p_boundary
$$;

comment on function inventory.seal_leaves is
  'The leaves of the Merkle tree over the movements after p_after up to and with p_boundary, by entry and line: '
  'entry id (16 bytes), line (4), hash (32) of each. A hash covers every column of the movement and of its entry, but '
  'for the organization, which the header of the seal names.';

create or replace function inventory.merkle_level(p_nodes bytea, p_stride integer, p_offset integer)
returns bytea
language sql
immutable
set search_path = ''
set jit = 'off'
as $$
  select
    coalesce(
      string_agg(
        sha256(
          case p_stride
            -- Hashes without anything between them: both children are one piece.
            when 32 then '\x01'::bytea || substring(p_nodes from 64 * i + 1 for 64)
            else '\x01'::bytea
              || substring(p_nodes from 2 * i * p_stride + p_offset + 1 for 32)
              || substring(p_nodes from (2 * i + 1) * p_stride + p_offset + 1 for 32)
          end
        ),
        -- generate_series counts upwards, and a sort would cost as much as the hashes.
        ''
      ),
      ''
    )
    || case length(p_nodes) / p_stride % 2
      when 1 then substring(p_nodes from length(p_nodes) - p_stride + p_offset + 1 for 32)
      else ''
    end
  from generate_series(0, length(p_nodes) / p_stride / 2 - 1) as i
$$;

comment on function inventory.merkle_level is
  'The next level of a Merkle tree: the hash of each pair of nodes; a last node without a partner stays as it is. '
  'Nodes stand every p_stride bytes, their hash at p_offset.';

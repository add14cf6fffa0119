--! needs 000008_movement_columns
--! needs 000011_entries
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

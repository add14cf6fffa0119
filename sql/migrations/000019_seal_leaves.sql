-- Sealing: the same leaves and the same trees, with less work for each movement.

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
as $$
  select
    string_agg(
      uuid_send(m.entry_id) || int4send(m.line)
        || sha256(
          '\x00'::bytea
            || uuid_send(m.entry_id) || int4send(m.line) || uuid_send(m.item_id) || uuid_send(m.location_id)
            || timestamptz_send(m.occurred_at) || timestamptz_send(m.recorded_at)
            || convert_to(
              -- It leaves nulls out, and their line feeds: what may be null is made empty before.
              concat_ws(
                E'\n',
                m.quantity, e.kind, m.lot, coalesce(e.reverses::text, ''),
                coalesce(octet_length(e.reference)::text, ''), coalesce(e.reference, ''),
                octet_length(e.actor), e.actor,
                e.metadata
              ),
              'UTF8'
            )
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
    -- Said of both, so that the indexes of both are read from there to there.
    and e.org_id = p_org_id
    and e.id > p_after
    and e.id <= p_boundary
$$;

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
            -- Hashes and nothing between them: both children are one piece.
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

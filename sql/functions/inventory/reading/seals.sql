--! needs inventory/seals
--! needs tenancy/organizations
-- What the API shows of seals. Login roles of the API read no table: these functions run as the owner, who obeys the policies too.
--
-- What the plans of functions for requests depend on is set with them: docs/isolation/0062_plan_of_the_session.md.

create or replace function inventory.list_seals(p_limit integer, p_before_seq bigint)
returns setof json
language plpgsql
stable
security definer
set search_path = ''
set plan_cache_mode = force_generic_plan
set enable_seqscan = off
set enable_indexscan = on
set random_page_cost = 4
set cpu_tuple_cost = 0.01
set cpu_index_tuple_cost = 0.005
set cpu_operator_cost = 0.0025
as $$
declare
  v_before_seq constant bigint := coalesce(p_before_seq, 9223372036854775807);
begin
  perform tenancy.require_page(p_limit);
  return query
  select json_build_object('seal', inventory.seal_json(s), 'anchor', (
    select json_build_object('key', key, 'versionId', version_id, 'anchoredAt', inventory.iso(anchored_at))
    from inventory.seal_anchors a
    where a.org_id = s.org_id and a.seq = s.seq
    order by a.anchored_at desc
    limit 1
  ))
  from inventory.seals s
  where s.seq < v_before_seq
  order by s.seq desc
  limit p_limit;
end
$$;

comment on function inventory.list_seals is
  'At most p_limit seals of the organization that was entered, {seal, anchor}, the newest first: those before p_before_seq, or the '
  'newest ones. Raises SK304 when p_limit is not that of a page.';
grant execute on function inventory.list_seals to stockade_api;

create or replace function inventory.movement_in_seal(p_entry_id uuid, p_line integer, p_most_seals integer)
returns json
language plpgsql
stable
security definer
set search_path = ''
set plan_cache_mode = force_generic_plan
set enable_seqscan = off
set enable_indexscan = on
set random_page_cost = 4
set cpu_tuple_cost = 0.01
set cpu_index_tuple_cost = 0.005
set cpu_operator_cost = 0.0025
as $$
declare
  v_leaf constant bytea := uuid_send(p_entry_id) || int4send(p_line);
begin
  return (
    select json_build_object(
      'organizationId', m.org_id,
      'movement', json_build_object(
        'entryId', m.entry_id, 'line', m.line, 'itemId', m.item_id, 'locationId', m.location_id,
        'quantity', m.quantity::text, 'lot', m.lot,
        'occurredAt', inventory.iso(m.occurred_at), 'recordedAt', inventory.iso(m.recorded_at),
        'entryOccurredAt', case when s.version > 1 then inventory.iso(e.occurred_at) end,
        'entryRecordedAt', case when s.version > 1 then inventory.iso(e.recorded_at) end,
        'kind', e.kind, 'reference', e.reference, 'actor', e.actor, 'reverses', e.reverses,
        'metadata', e.metadata::text
      ),
      'seal', s.shown,
      'page', p.page,
      'leaves', encode(p.leaves, 'hex'),
      'roots', (
        select json_agg(encode(r.root, 'hex') order by r.page)
        from inventory.seal_pages r
        where r.org_id = m.org_id and r.seq = s.seq
      ),
      'following', (
        select json_agg(json_build_object('seal', inventory.seal_json(f), 'anchor', a.shown) order by f.seq)
        from inventory.seals f
        left join lateral (
          select json_build_object('key', key, 'versionId', version_id, 'anchoredAt', inventory.iso(anchored_at)) as shown
          from inventory.seal_anchors
          where org_id = f.org_id and seq = f.seq
          order by anchored_at desc
          limit 1
        ) as a on true
        where f.org_id = m.org_id and f.seq between s.seq and s.seq + p_most_seals
      )
    )
    from inventory.movements m
    join inventory.entries e on e.org_id = m.org_id and e.id = m.entry_id
    left join lateral (
      select s.seq, s.version, inventory.seal_json(s) as shown
      from inventory.seals s
      where s.org_id = m.org_id and s.boundary >= m.entry_id
      order by s.boundary
      limit 1
    ) as s on true
    left join lateral (
      select page, leaves
      from inventory.seal_pages
      where org_id = m.org_id and seq = s.seq and last_leaf >= v_leaf
      order by page
      limit 1
    ) as p on true
    where m.entry_id = p_entry_id and m.line = p_line
  );
end
$$;

comment on function inventory.movement_in_seal is
  'What a proof that a movement is in a seal is made of: the movement, the seal, its page of leaves and the roots of all pages in '
  'hex, and the seal and at most p_most_seals after it with their anchors. Null when there is no such movement.';
grant execute on function inventory.movement_in_seal to stockade_api;

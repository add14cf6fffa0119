--! needs inventory/posting_rules
--! needs moving_in/assigning
--! needs 000011_entries
--! until 000032_switch
-- How movements of the old program become entries. The backfill, the catching up and the switch all use this rule.
--
-- The old program wrote a transfer as two movements. They become one entry of two lines: the movement with the smaller id
-- is the first line and names the entry. A movement that cannot be what its kind says becomes an adjustment, and its
-- metadata say what it was.

create or replace function moving_in.id_distance(p_one uuid, p_other uuid)
returns numeric
language sql
immutable
as $$
  -- The first 64 bits of a time-ordered id are the millisecond and a bit of chance.
  select abs(
    ('x' || translate(left(p_one::text, 18), '-', ''))::bit(64)::bigint::numeric
    - ('x' || translate(left(p_other::text, 18), '-', ''))::bit(64)::bigint::numeric
  )
$$;

comment on function moving_in.id_distance is
  'How far apart two time-ordered ids were made.';

create or replace function moving_in.pair_halves(p_movements uuid[])
returns table (first_half uuid, second_half uuid)
language plpgsql
volatile
set search_path = ''
as $$
declare
  v_half record;
  v_other uuid;
  v_paired uuid[] := '{}';
begin
  for v_half in
    select * from inventory.movements m where m.id = any (p_movements) and m.kind = 'transfer' order by m.id
  loop
    continue when v_half.id = any (v_paired);
    select m.id
    into v_other
    from inventory.movements m
    where m.kind = 'transfer'
      -- Written so that no index begins with it: without statistics, Postgres would take that one and read the whole item.
      and m.org_id is not distinct from v_half.org_id
      and m.item_id = v_half.item_id
      and m.occurred_at = v_half.occurred_at
      and m.quantity = - v_half.quantity
      and m.location_id <> v_half.location_id
      and m.reference is not distinct from v_half.reference
      and m.user_id is not distinct from v_half.user_id
      and m.id <> all (v_paired)
      -- Only a pair is an entry of this kind. As a value, it is looked up by its key; NOT EXISTS may become a join that reads
      -- all entries.
      and 'transfer' is distinct from (
        select e.kind from inventory.entries e where e.org_id = m.org_id and e.id = m.entry_id
      )
    order by m.recorded_at <> v_half.recorded_at, moving_in.id_distance(m.id, v_half.id), m.id
    limit 1
    for no key update skip locked;
    continue when not found;
    v_paired := v_paired || array[v_half.id, v_other];
    first_half := least(v_half.id, v_other);
    second_half := greatest(v_half.id, v_other);
    return next;
  end loop;
end
$$;

comment on function moving_in.pair_halves is
  'The transfers that halves among these movements belong to: same item, time, reference and user, opposite quantities, '
  'different locations. Of several halves that fit, the one that was recorded at the same time and has the nearest id.';

create or replace function moving_in.insert_entries(p_movements uuid[], p_paired uuid[])
returns void
language sql
volatile
set search_path = ''
as $$
  insert into inventory.entries as e (org_id, id, kind, reference, occurred_at, recorded_at, actor, metadata)
  select
    m.org_id,
    m.id,
    case when unfit.reason is null then m.kind else 'adjustment' end,
    nullif(m.reference, ''),
    m.occurred_at,
    m.recorded_at,
    coalesce('user:' || m.user_id, 'system'),
    case
      when unfit.reason is null then '{}'
      else jsonb_build_object('movedIn', jsonb_build_object('kind', m.kind, 'reason', unfit.reason))
    end
  from inventory.movements m
  cross join lateral (
    select case
      when m.kind = 'transfer' and m.id <> all (p_paired) then 'its other half was not found'
      when not inventory.has_sign(m.kind, m.quantity) then 'its quantity has the other sign'
    end as reason
  ) as unfit
  where m.id = any (p_movements)
    and m.entry_id = m.id
  on conflict (org_id, id) do update
    set kind = excluded.kind,
        reference = excluded.reference,
        occurred_at = excluded.occurred_at,
        recorded_at = excluded.recorded_at,
        actor = excluded.actor,
        metadata = excluded.metadata
$$;

comment on function moving_in.insert_entries is
  'Writes the entries whose first line is one of these movements; p_paired are those that have a second line.';

create or replace function moving_in.derive_entries(p_movements uuid[], p_entries uuid[] default '{}')
returns integer
language plpgsql
volatile
set search_path = ''
-- Rows are found by their keys, however many there are.
set enable_seqscan = off
as $$
declare
  v_entries uuid[] := p_entries;
  v_members uuid[] := p_movements;
  v_free uuid[];
  v_busy uuid[];
  v_first uuid[];
  v_second uuid[];
begin
  -- The entries that these movements have been in, and the movements that are in those entries now.
  v_entries := array(
    select unnest(p_entries)
    union
    select m.entry_id from inventory.movements m where m.id = any (p_movements) and m.entry_id is not null
  );
  if v_entries <> '{}' then
    v_members := array(
      select unnest(p_movements)
      union
      select m.id
      from tenancy.organizations o
      cross join unnest(v_entries) as entry (id)
      join inventory.movements m on m.org_id = o.id and m.entry_id = entry.id
    );
  end if;

  v_free := array(
    select m.id from inventory.movements m where m.id = any (v_members) order by m.id for no key update skip locked
  );
  v_busy := array(
    select coalesce(m.entry_id, m.id)
    from (select unnest(v_members) as id except select unnest(v_free)) as locked
    join inventory.movements m on m.id = locked.id
  );
  if v_busy <> '{}' then
    -- The old program is changing them. Their entries are derived again later.
    insert into moving_in.changed_movements (movement_id, entry_id)
    select m.id, coalesce(m.entry_id, m.id)
    from inventory.movements m
    where m.id = any (v_members)
      and coalesce(m.entry_id, m.id) = any (v_busy);
    v_entries := array(select unnest(v_entries) except select unnest(v_busy));
    v_members := array(
      select m.id
      from inventory.movements m
      where m.id = any (v_free)
        and coalesce(m.entry_id, m.id) <> all (v_busy)
    );
  end if;

  -- Of a movement that nobody has touched there is no entry.
  delete from inventory.entries e
  using tenancy.organizations o, unnest(v_entries) as entry (id)
  where e.org_id = o.id
    and e.id = entry.id;
  perform moving_in.follow_items(v_members);
  update inventory.movements m
  set entry_id = m.id,
      line = 1
  where m.id = any (v_members)
    and (m.entry_id <> m.id or m.line <> 1);

  select array_agg(p.first_half), array_agg(p.second_half)
  into v_first, v_second
  from moving_in.pair_halves(v_members) as p;
  with paired as (
    select p.id, p.entry_id, p.line
    from unnest(v_first, v_second) as pair (first_half, second_half)
    cross join lateral (values (first_half, first_half, 1), (second_half, first_half, 2)) as p (id, entry_id, line)
  ),
  place as (
    select id, entry_id, line from paired
    union all
    select m.id, m.id, 1
    from inventory.movements m
    where m.id = any (v_members)
      and m.entry_id is null
      and not exists (select from paired where paired.id = m.id)
  )
  update inventory.movements m
  set entry_id = place.entry_id,
      line = place.line
  from place
  where m.id = place.id
    and (m.entry_id, m.line) is distinct from (place.entry_id, place.line);

  v_members := array(select unnest(v_members) union select unnest(v_first || v_second));
  -- A half that stood alone before had an entry of its own.
  delete from inventory.entries e
  using tenancy.organizations o, unnest(v_second) as half (id)
  where e.org_id = o.id
    and e.id = half.id;
  perform moving_in.insert_entries(v_members, coalesce(v_first, '{}'));
  return cardinality(v_members);
end
$$;

comment on function moving_in.derive_entries is
  'Writes the entries of these movements, and again those of the entries that they have been in. Returns how many '
  'movements now have their entry. Movements that the old program has locked are noted for later.';

create or replace function moving_in.fill_entries(p_checkpoint jsonb, p_limit integer)
returns table (checkpoint jsonb, wanted integer, filled integer)
language plpgsql
volatile
set search_path = ''
as $$
declare
  v_nil constant uuid := '00000000-0000-0000-0000-000000000000';
  v_after constant uuid := coalesce(p_checkpoint ->> 'id', v_nil::text);
  v_round constant integer := coalesce((p_checkpoint ->> 'round')::integer, 1);
  v_ids uuid[];
begin
  v_ids := array(
    select m.id
    from inventory.movements m
    where m.entry_id is null
      and m.id > v_after
    order by m.id
    -- The rows stay locked as long as their batch takes.
    limit least(p_limit, 2000)
    for no key update skip locked
  );
  if v_ids <> '{}' then
    filled := moving_in.derive_entries(v_ids);
    -- A trigger that keeps the move from a row would keep it from ever ending.
    wanted := filled + (select count(*) from inventory.movements m where m.id = any (v_ids) and m.entry_id is null);
    return query select jsonb_build_object('id', v_ids[cardinality(v_ids)], 'round', v_round), wanted, filled;
    return;
  end if;
  if exists (select from inventory.movements m where m.entry_id is null) then
    -- Others had locked them. The walk begins again, as another round: no checkpoint comes twice.
    perform pg_sleep(0.05);
    return query select jsonb_build_object('id', v_nil, 'round', v_round + 1), 0, 0;
    return;
  end if;
  return query select null::jsonb, 0, 0;
end
$$;

comment on function moving_in.fill_entries is
  'A batch of the backfill that gives the movements that nobody has touched since the move began their entries.';

--! needs inventory/posting
--! role stockade_ledger
-- Posting many entries in one transaction. These functions belong to stockade_ledger: see the policies post_ledger.
--
-- What the plans of functions for requests depend on is set with them: docs/isolation/0062_plan_of_the_session.md.

create or replace function inventory.post_entries_together(p_org_id uuid, p_actor text, p_entries jsonb)
returns json
language plpgsql
volatile
set search_path = ''
as $$
declare
  v_recorded_at timestamptz(3) := clock_timestamp();
  v_kinds constant text[] := array(select e.value ->> 'kind' from jsonb_array_elements(p_entries) with ordinality as e (value, n) order by e.n);
  v_ids constant uuid[] := array(select inventory.new_id() from generate_series(1, jsonb_array_length(p_entries)));
  -- Of each entry: when it takes effect.
  v_times timestamptz[];
  -- Of each line, in the order of the entries: the number of its entry, its own number, and what it says.
  v_entries integer[];
  v_numbers integer[];
  v_skus text[];
  v_codes text[];
  v_items uuid[];
  v_locations uuid[];
  v_lots text[];
  v_quantities numeric[];
  v_expected bigint[];
  v_fits boolean;
  v_is_refused boolean;
  v_results json;
begin
  -- Each key is looked up once, however many lines it has. A sum has the decimals of its longest number, also if they are zeros.
  select
    array_agg(line.entry order by line.entry, line.number), array_agg(line.number order by line.entry, line.number),
    array_agg(k.sku order by line.entry, line.number), array_agg(k.location order by line.entry, line.number),
    array_agg(i.id order by line.entry, line.number), array_agg(l.id order by line.entry, line.number),
    array_agg(k.lot order by line.entry, line.number), array_agg(trim_scale(line.quantity) order by line.entry, line.number),
    array_agg(line.expected order by line.entry, line.number),
    count(distinct line.entry) = jsonb_array_length(p_entries)
      and bool_and(
        i.id is not null and l.id is not null and inventory.lot_fault(i.tracking, k.lot) is null
        and inventory.is_exact(line.quantity) is true and inventory.has_sign(line.kind, line.quantity)
      )
      and max(line.number) <= 1000
  into v_entries, v_numbers, v_skus, v_codes, v_items, v_locations, v_lots, v_quantities, v_expected, v_fits
  from (
    select
      line.sku, line.location, coalesce(line.lot, '') as lot, array_agg(e.n::integer) as entries,
      array_agg(line.n::integer) as numbers, array_agg(e.value ->> 'kind') as kinds,
      array_agg(line.quantity) as quantities, array_agg(line."expectedVersion") as expected
    from jsonb_array_elements(p_entries) with ordinality as e (value, n)
    cross join lateral rows from (
      jsonb_to_recordset(e.value -> 'lines')
        as (sku text, location text, lot text, quantity numeric, "expectedVersion" bigint)
    ) with ordinality as line (sku, location, lot, quantity, "expectedVersion", n)
    group by 1, 2, 3
  ) as k
  left join lateral (
    select i.id, i.tracking from inventory.items i where i.org_id = p_org_id and i.sku = k.sku offset 0
  ) as i on true
  left join lateral (
    select l.id from inventory.locations l where l.org_id = p_org_id and l.code = k.location offset 0
  ) as l on true
  cross join lateral unnest(k.entries, k.numbers, k.kinds, k.quantities, k.expected)
    as line (entry, number, kind, quantity, expected);

  select
    array_agg(coalesce((e.value ->> 'occurredAt')::timestamptz(3), v_recorded_at) order by e.n),
    v_fits and bool_and(inventory.ahead_fault((e.value ->> 'occurredAt')::timestamptz) is null)
  into v_times, v_fits
  from jsonb_array_elements(p_entries) with ordinality as e (value, n);

  if v_fits is not true or not v_kinds <@ inventory.postable_kinds() or 'transfer' = any (v_kinds) and exists (
    select
    from unnest(v_entries, v_items, v_locations, v_lots, v_quantities) as line (entry, item_id, location_id, lot, quantity)
    where v_kinds[line.entry] = 'transfer'
    group by grouping sets ((entry, item_id, lot), (entry, item_id, lot, location_id))
    having grouping(location_id) = 1 and sum(quantity) <> 0
      or grouping(location_id) = 0 and max(quantity) > 0 and min(quantity) < 0
  ) then
    raise exception 'an entry of the batch does not fit' using errcode = 'SK300';
  end if;

  insert into inventory.entries (org_id, id, kind, reference, occurred_at, recorded_at, actor, metadata)
  select
    p_org_id, e.id, e.value ->> 'kind', e.value ->> 'reference', e.occurred_at, v_recorded_at, p_actor,
    coalesce(e.value -> 'metadata', '{}')
  from rows from (jsonb_array_elements(p_entries), unnest(v_ids), unnest(v_times)) as e (value, id, occurred_at);

  insert into inventory.movements (org_id, entry_id, line, item_id, location_id, lot, quantity, occurred_at, recorded_at)
  select
    p_org_id, v_ids[line.entry], line.number, line.item_id, line.location_id, line.lot, line.quantity,
    v_times[line.entry], v_recorded_at
  from unnest(v_entries, v_numbers, v_items, v_locations, v_lots, v_quantities)
    as line (entry, number, item_id, location_id, lot, quantity);

  -- The trigger has seen all lines at once. Here each entry is held against the balances that it would have met alone: what is
  -- in the balance now, without the entries that come after it.
  select
    bool_or(answer.is_refused),
    json_build_object('results', json_agg(
      json_build_object('entry', inventory.posted_entry(
        v_ids[answer.entry], v_kinds[answer.entry], p_entries -> (answer.entry - 1) ->> 'reference',
        v_times[answer.entry], v_recorded_at, null, answer.lines
      ))
      order by answer.entry
    ))
  into v_is_refused, v_results
  from (
    select
      line.entry,
      bool_or(
        inventory.is_short(line.change, line.on_hand, line.reserved, line.allow_negative)
        -- A balance may be out of its bounds between two entries, and within them at the end.
        or not inventory.is_exact(line.change) or not inventory.is_exact(line.on_hand)
        or line.expected <> line.version - line.lines_of_entry
      ) as is_refused,
      json_agg(
        inventory.posted_line(
          v_ids[line.entry] || '.' || line.number, line.sku, line.code, line.lot, line.quantity,
          line.on_hand, line.reserved, line.version
        )
        order by line.number
      ) as lines
    from (
      select
        line.*,
        max(b.on_hand) over key - line.quantity_of_key + line.quantity_so_far as on_hand,
        max(b.reserved) over key as reserved,
        max(b.version) over key - line.lines_of_key + line.lines_so_far as version,
        bool_or(i.allow_negative) over key as allow_negative
      from (
        select
          line.*,
          row_number() over so_far as nth_of_key,
          sum(line.quantity) over so_far as quantity_so_far,
          count(*) over so_far as lines_so_far,
          sum(line.quantity) over key as quantity_of_key,
          count(*) over key as lines_of_key,
          sum(line.quantity) over key_entry as change,
          count(*) over key_entry as lines_of_entry
        from unnest(v_entries, v_numbers, v_skus, v_codes, v_items, v_locations, v_lots, v_quantities, v_expected)
          as line (entry, number, sku, code, item_id, location_id, lot, quantity, expected)
        window
          key as (partition by line.item_id, line.location_id, line.lot),
          -- The lines of one entry are peers: all of them are in the balance after it.
          so_far as (key order by line.entry),
          key_entry as (partition by line.item_id, line.location_id, line.lot, line.entry)
      ) as line
      left join lateral (
        select
          b.on_hand,
          inventory.reserved_now(p_org_id, line.item_id, line.location_id, line.lot, b.reserved) as reserved,
          b.version
        from inventory.balances b
        where line.nth_of_key = 1
          and b.org_id = p_org_id and b.item_id = line.item_id and b.location_id = line.location_id and b.lot = line.lot
        offset 0
      ) as b on true
      left join lateral (
        select i.allow_negative
        from inventory.items i
        where line.nth_of_key = 1 and i.org_id = p_org_id and i.id = line.item_id
        offset 0
      ) as i on true
      window key as (partition by line.item_id, line.location_id, line.lot)
    ) as line
    group by line.entry
  ) as answer;

  if v_is_refused then
    raise exception 'an entry of the batch meets too little stock, too much, or another version' using errcode = 'SK300';
  end if;
  return v_results;
end
$$;

comment on function inventory.post_entries_together is
  'Posts a batch of entries with one statement for all of their lines, and returns {results: [{entry}]}, each as post_entry() '
  'would have returned it. For post_entries(), which finds out what is wrong when it raises: SK300 when an entry would be '
  'refused, or has to be looked at on its own; SK201, 22003 and 23514 as post_entry().';

create or replace function inventory.hold_batch_balances(p_org_id uuid, p_entries jsonb)
returns void
language plpgsql
volatile
set search_path = ''
as $$
begin
  perform
  from (
    -- Subselects: of two joins, either could be planned first.
    select distinct
      (select i.id from inventory.items i where i.org_id = p_org_id and i.sku = line.sku) as item_id,
      (select l.id from inventory.locations l where l.org_id = p_org_id and l.code = line.location) as location_id,
      coalesce(line.lot, '') as lot
    from jsonb_array_elements(p_entries) as e (value)
    cross join lateral jsonb_to_recordset(e.value -> 'lines') as line (sku text, location text, lot text)
    order by 1, 2, 3
  ) as k
  cross join lateral (
    select
    from inventory.balances b
    where b.org_id = p_org_id and b.item_id = k.item_id and b.location_id = k.location_id and b.lot = k.lot
    for update
  ) as b;
end
$$;

comment on function inventory.hold_batch_balances is
  'Locks the balances of a batch in the order of the trigger on movements, before its entries are posted one after the other '
  'in an order of their own. Items and locations are named by their codes. A balance that does not exist yet is not among '
  'them: two such batches may deadlock, and one of them runs again.';

create or replace function inventory.post_entries(p_mode text, p_entries jsonb)
returns json
language plpgsql
volatile
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
  v_context constant text[] := tenancy.require_context('write');
  v_org_id constant uuid := v_context[2];
  v_entries jsonb;
  v_results json[] := '{}';
  v_error jsonb;
  v_message text;
  v_detail text;
  v_constraint text;
  v_table text;
begin
  perform inventory.require_batch(p_mode, p_entries);
  begin
    return inventory.post_entries_together(v_org_id, v_context[3], p_entries);
  exception
    when others then
      if not inventory.is_refusal(sqlstate) then
        raise;
      end if;
  end;

  -- At least one entry is refused, or a line names its item or location by an alias. With the codes that they have now, none does.
  select jsonb_agg(
    jsonb_set(e.value, '{lines}', coalesce(inventory.current_codes(e.value -> 'lines'), '[]')) order by e.n
  )
  into v_entries
  from jsonb_array_elements(p_entries) with ordinality as e (value, n);
  if v_entries <> p_entries then
    begin
      return inventory.post_entries_together(v_org_id, v_context[3], v_entries);
    exception
      when others then
        if not inventory.is_refusal(sqlstate) then
          raise;
        end if;
    end;
  end if;

  -- Posted one after the other, each gets its own answer.
  perform inventory.hold_batch_balances(v_org_id, v_entries);
  for v_index in 0..jsonb_array_length(v_entries) - 1 loop
    begin
      v_results := v_results || json_build_object('entry', inventory.post_entry(v_entries -> v_index));
    exception
      when others then
        if not inventory.is_refusal(sqlstate) then
          raise;
        end if;
        get stacked diagnostics
          v_message = message_text, v_detail = pg_exception_detail, v_constraint = constraint_name, v_table = table_name;
        v_error := jsonb_build_object(
          'code', sqlstate, 'message', v_message, 'detail', v_detail, 'constraint', v_constraint, 'table', v_table
        );
        if p_mode = 'atomic' then
          raise exception 'an entry of the batch is refused' using errcode = 'SK207',
            detail = json_build_object('entry', v_index, 'error', v_error);
        end if;
        v_results := v_results || json_build_object('error', v_error);
    end;
  end loop;
  return json_build_object('results', array_to_json(v_results));
end
$$;

comment on function inventory.post_entries is
  'Posts a batch of 1 to 1,000 entries in their order, each in the form that post_entry() takes. Mode atomic: all of them or '
  'none; raises SK207 with the number of the first entry that is refused and its error. Mode each: every entry that is not '
  'refused; an error of another kind, such as a value of the wrong type, ends the batch. Returns {results: [{entry} or '
  '{error: {code, message, detail, constraint, table}}]}, each entry as post_entry() returns it, each error as it raises it. '
  'Raises SK304 a batch out of its bounds, SK104 write scope missing.';
grant execute on function inventory.post_entries to stockade_api;

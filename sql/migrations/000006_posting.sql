-- The functions through which the ledger is written, and the idempotency keys that make a retry safe.

-- An instant as the API writes it: UTC, ISO 8601, milliseconds.
create function inventory.iso(p_at timestamptz)
returns text
language sql
stable
parallel safe
as $$
  select to_char(p_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')
$$;

-- Where an entry's posting meets what the caller got wrong, line by line.
create function inventory.raise_line_errors(p_lines jsonb)
returns void
language plpgsql
stable
set search_path = ''
as $$
declare
  v_errors json;
begin
  select json_agg(json_build_object('field', format('lines[%s].%s', n - 1, e.field), 'message', e.message) order by n, e.field)
  into v_errors
  from jsonb_array_elements(p_lines) with ordinality as line (value, n)
  left join inventory.items i on i.org_id = (select tenancy.current_org()) and i.sku = line.value ->> 'sku'
  left join inventory.locations l on l.org_id = (select tenancy.current_org()) and l.code = line.value ->> 'location'
  cross join lateral (
    values
      ('sku', case when i.id is null
        then format('there is no item with the SKU %s', to_json(line.value ->> 'sku')) end),
      ('location', case when l.id is null
        then format('there is no location with the code %s', to_json(line.value ->> 'location')) end),
      ('lot', case
        when i.tracking = 'lot' and coalesce(line.value ->> 'lot', '') = '' then 'this item is tracked by lot: name the lot'
        when i.tracking = 'none' and coalesce(line.value ->> 'lot', '') <> '' then 'this item is not tracked by lot: leave the lot out'
      end)
  ) as e (field, message)
  where e.message is not null;

  if v_errors is not null then
    raise exception 'the entry names what does not exist' using errcode = 'SK301', detail = v_errors;
  end if;
end
$$;

-- Raises SK202 when a balance, less the lines just applied, has not the version its line expects.
create function inventory.raise_stale_balances(
  p_org_id uuid,
  p_skus text[],
  p_codes text[],
  p_items uuid[],
  p_locations uuid[],
  p_lots text[],
  p_expected_versions bigint[]
)
returns void
language plpgsql
stable
set search_path = ''
as $$
declare
  v_stale json;
begin
  select json_agg(
    json_build_object(
      'sku', line.sku,
      'location', line.code,
      'lot', nullif(line.lot, ''),
      'expectedVersion', line.expected_version,
      'version', b.version - line.of_this_key
    )
    order by line.n
  )
  into v_stale
  from (
    select *, count(*) over (partition by item_id, location_id, lot) as of_this_key
    from unnest(p_skus, p_codes, p_items, p_locations, p_lots, p_expected_versions)
      with ordinality as line (sku, code, item_id, location_id, lot, expected_version, n)
  ) as line
  join inventory.balances b
    on b.org_id = p_org_id and b.item_id = line.item_id and b.location_id = line.location_id and b.lot = line.lot
  where line.expected_version <> b.version - line.of_this_key;

  if v_stale is not null then
    raise exception 'a balance has changed since it was read' using errcode = 'SK202', detail = v_stale;
  end if;
end
$$;

-- Posts one entry whose lines are already known to be well formed. Not granted: post_entry and reverse_entry stand before it.
create function inventory.insert_entry(
  p_org_id uuid,
  p_actor text,
  p_kind text,
  p_reference text,
  p_occurred_at timestamptz,
  p_metadata jsonb,
  p_reverses uuid,
  p_skus text[],
  p_codes text[],
  p_items uuid[],
  p_locations uuid[],
  p_lots text[],
  p_quantities numeric[],
  p_expected_versions bigint[]
)
returns json
language plpgsql
volatile
set search_path = ''
as $$
declare
  v_entry_id uuid := inventory.new_id();
  v_recorded_at timestamptz(3) := clock_timestamp();
  v_occurred_at timestamptz(3) := coalesce(p_occurred_at, v_recorded_at);
  v_lines json;
begin
  insert into inventory.entries (org_id, id, kind, reference, occurred_at, recorded_at, actor, metadata, reverses)
  values (
    p_org_id, v_entry_id, p_kind, p_reference, v_occurred_at, v_recorded_at, p_actor, coalesce(p_metadata, '{}'), p_reverses
  );

  insert into inventory.movements (org_id, entry_id, line, item_id, location_id, lot, quantity, occurred_at, recorded_at)
  select p_org_id, v_entry_id, line.n, line.item_id, line.location_id, line.lot, line.quantity, v_occurred_at, v_recorded_at
  from unnest(p_items, p_locations, p_lots, p_quantities)
    with ordinality as line (item_id, location_id, lot, quantity, n);

  if array_remove(p_expected_versions, null) <> '{}' then
    perform inventory.raise_stale_balances(
      p_org_id, p_skus, p_codes, p_items, p_locations, p_lots, p_expected_versions
    );
  end if;

  -- The trigger has applied the lines and holds the locks of their balances, so what is read here is what they left.
  select json_agg(
    json_build_object(
      'movementId', v_entry_id || '.' || line.n,
      'sku', line.sku,
      'location', line.code,
      'lot', nullif(line.lot, ''),
      'quantity', line.quantity,
      'balance', json_build_object(
        'onHand', b.on_hand,
        'reserved', b.reserved,
        'available', b.on_hand - b.reserved,
        'version', b.version
      )
    )
    order by line.n
  )
  into v_lines
  from unnest(p_skus, p_codes, p_items, p_locations, p_lots, p_quantities)
    with ordinality as line (sku, code, item_id, location_id, lot, quantity, n)
  join inventory.balances b
    on b.org_id = p_org_id and b.item_id = line.item_id and b.location_id = line.location_id and b.lot = line.lot;

  return json_build_object(
    'entryId', v_entry_id,
    'kind', p_kind,
    'reference', p_reference,
    'occurredAt', inventory.iso(v_occurred_at),
    'recordedAt', inventory.iso(v_recorded_at),
    'reverses', p_reverses,
    'lines', v_lines
  );
end
$$;

create function inventory.post_entry(p_entry jsonb)
returns json
language plpgsql
volatile
security definer
set search_path = ''
as $$
declare
  v_context text[] := tenancy.require_context('write');
  v_org_id uuid := v_context[2];
  v_kind text := p_entry ->> 'kind';
  v_skus text[];
  v_codes text[];
  v_items uuid[];
  v_locations uuid[];
  v_lots text[];
  v_quantities numeric[];
  v_expected_versions bigint[];
  v_tracking text[];
begin
  if v_kind is null or v_kind not in ('receipt', 'return', 'issue', 'adjustment', 'transfer', 'opening') then
    raise exception 'the kind % cannot be posted', v_kind using errcode = 'SK301', detail = json_build_array(
      json_build_object('field', 'kind', 'message', 'is none of receipt, return, issue, adjustment, transfer, opening'));
  end if;

  select
    array_agg(line.sku order by n), array_agg(line.location order by n),
    array_agg(i.id order by n), array_agg(l.id order by n), array_agg(coalesce(line.lot, '') order by n),
    array_agg(line.quantity order by n), array_agg(line."expectedVersion" order by n),
    array_agg(case when coalesce(line.lot, '') = '' then 'none' else 'lot' end order by n)
      filter (where i.tracking is distinct from case when coalesce(line.lot, '') = '' then 'none' else 'lot' end)
  into v_skus, v_codes, v_items, v_locations, v_lots, v_quantities, v_expected_versions, v_tracking
  from rows from (
    jsonb_to_recordset(p_entry -> 'lines')
      as (sku text, location text, lot text, quantity numeric, "expectedVersion" bigint)
  ) with ordinality as line (sku, location, lot, quantity, "expectedVersion", n)
  left join inventory.items i on i.org_id = v_org_id and i.sku = line.sku
  left join inventory.locations l on l.org_id = v_org_id and l.code = line.location;

  if v_items is null
    or v_tracking is not null
    or array_position(v_items, null) is not null
    or array_position(v_locations, null) is not null
  then
    perform inventory.raise_line_errors(p_entry -> 'lines');
    raise exception 'the entry has no lines' using errcode = 'SK301',
      detail = json_build_array(json_build_object('field', 'lines', 'message', 'is empty: an entry has at least one line'));
  end if;

  if v_kind = 'transfer' and exists (
    select from unnest(v_items, v_lots, v_quantities) as line (item_id, lot, quantity)
    group by item_id, lot
    having sum(quantity) <> 0
  ) then
    raise exception 'a transfer must sum to zero per item and lot' using errcode = 'SK302';
  end if;

  if (v_kind in ('receipt', 'return') and 0 >= any (v_quantities)) or (v_kind = 'issue' and 0 <= any (v_quantities)) then
    raise exception 'a line has the wrong sign for the kind %', v_kind using errcode = 'SK303';
  end if;

  return inventory.insert_entry(
    v_org_id, v_context[3], v_kind, p_entry ->> 'reference', (p_entry ->> 'occurredAt')::timestamptz,
    p_entry -> 'metadata', null, v_skus, v_codes, v_items, v_locations, v_lots, v_quantities, v_expected_versions
  );
end
$$;

comment on function inventory.post_entry(jsonb) is
  'Posts one entry, all of its lines or none: {kind, reference?, occurredAt?, metadata?, lines: [{sku, location, lot?, quantity, '
  'expectedVersion?}]}, quantities signed in the item''s own unit. Returns the posted entry with the balance each line left. '
  'Raises SK201 insufficient stock, SK202 stale balance, SK301 unknown item, location or lot, SK302 unbalanced transfer, '
  'SK303 sign against kind, SK104 write scope missing.';

create function inventory.reverse_entry(p_entry_id uuid, p_reference text, p_metadata jsonb)
returns json
language plpgsql
volatile
security definer
set search_path = ''
as $$
declare
  v_context text[] := tenancy.require_context('write');
  v_org_id uuid := v_context[2];
  v_kind text;
  v_skus text[];
  v_codes text[];
  v_items uuid[];
  v_locations uuid[];
  v_lots text[];
  v_quantities numeric[];
  v_constraint text;
begin
  select kind into v_kind from inventory.entries where org_id = v_org_id and id = p_entry_id;
  if not found then
    raise exception 'there is no entry %', p_entry_id using errcode = 'SK404';
  end if;
  if v_kind = 'reversal' then
    raise exception 'a reversal cannot be reversed: post the entry again' using errcode = 'SK204';
  end if;

  select
    array_agg(i.sku order by m.line), array_agg(l.code order by m.line),
    array_agg(m.item_id order by m.line), array_agg(m.location_id order by m.line),
    array_agg(m.lot order by m.line), array_agg(- m.quantity order by m.line)
  into v_skus, v_codes, v_items, v_locations, v_lots, v_quantities
  from inventory.movements m
  join inventory.items i on i.org_id = m.org_id and i.id = m.item_id
  join inventory.locations l on l.org_id = m.org_id and l.id = m.location_id
  where m.org_id = v_org_id and m.entry_id = p_entry_id;

  return inventory.insert_entry(
    v_org_id, v_context[3], 'reversal', p_reference, null, p_metadata, p_entry_id, v_skus, v_codes,
    v_items, v_locations, v_lots, v_quantities, array[]::bigint[]
  );
exception
  when unique_violation then
    get stacked diagnostics v_constraint = constraint_name;
    if v_constraint = 'entries_reverses' then
      raise exception 'the entry % is already reversed', p_entry_id using errcode = 'SK203';
    end if;
    raise;
end
$$;

comment on function inventory.reverse_entry(uuid, text, jsonb) is
  'Posts the opposite of an entry, once. Raises SK404 no such entry, SK203 already reversed, SK204 a reversal itself, '
  'SK201 when the stock to take back is gone.';

-- An item and a location as the API shows them.
create function inventory.item_json(p_item inventory.items)
returns json
language sql
stable
set search_path = ''
as $$
  select json_build_object(
    'id', p_item.id,
    'sku', p_item.sku,
    'name', p_item.name,
    'unit', p_item.unit,
    'tracking', p_item.tracking,
    'allowNegative', p_item.allow_negative,
    'reorderPoint', p_item.reorder_point,
    'metadata', p_item.metadata,
    'createdAt', inventory.iso(p_item.created_at),
    'updatedAt', inventory.iso(p_item.updated_at)
  )
$$;

create function inventory.location_json(p_location inventory.locations)
returns json
language sql
stable
set search_path = ''
as $$
  select json_build_object(
    'id', p_location.id,
    'code', p_location.code,
    'name', p_location.name,
    'kind', p_location.kind,
    'createdAt', inventory.iso(p_location.created_at),
    'updatedAt', inventory.iso(p_location.updated_at)
  )
$$;

create function inventory.create_item(p_item jsonb)
returns json
language sql
volatile
set search_path = ''
as $$
  insert into inventory.items (org_id, sku, name, unit, tracking, allow_negative, reorder_point, metadata)
  values (
    tenancy.require_scope('write'),
    p_item ->> 'sku',
    p_item ->> 'name',
    coalesce(p_item ->> 'unit', 'each'),
    coalesce(p_item ->> 'tracking', 'none'),
    coalesce((p_item ->> 'allowNegative')::boolean, false),
    (p_item ->> 'reorderPoint')::numeric,
    coalesce(p_item -> 'metadata', '{}')
  )
  returning inventory.item_json(items)
$$;

create function inventory.create_location(p_location jsonb)
returns json
language sql
volatile
set search_path = ''
as $$
  insert into inventory.locations (org_id, code, name, kind)
  values (
    tenancy.require_scope('write'),
    p_location ->> 'code',
    p_location ->> 'name',
    coalesce(p_location ->> 'kind', 'warehouse')
  )
  returning inventory.location_json(locations)
$$;

create table inventory.idempotency_keys (
  org_id uuid not null,
  key text not null check (length(key) between 1 and 255),
  fingerprint bytea not null check (length(fingerprint) = 32),
  -- json, not jsonb: a replay answers with the very fields in the very order.
  response json,
  created_at timestamptz(3) not null default now(),
  primary key (org_id, key)
);

create function inventory.claim_idempotency_key(p_key text, p_fingerprint bytea)
returns void
language plpgsql
volatile
security definer
set search_path = ''
as $$
declare
  -- No scope of its own: whatever the request may do, it may be told apart from its retry.
  v_org_id uuid := tenancy.current_org();
  v_claimed inventory.idempotency_keys;
begin
  if v_org_id is null then
    raise exception 'no organization was entered in this transaction' using errcode = 'SK902';
  end if;
  -- Of two at once the second waits here for the first to end, and then finds what it left.
  insert into inventory.idempotency_keys (org_id, key, fingerprint)
  values (v_org_id, p_key, p_fingerprint)
  on conflict (org_id, key) do nothing;
  if found then
    return;
  end if;

  select * into strict v_claimed from inventory.idempotency_keys where org_id = v_org_id and key = p_key;
  if v_claimed.fingerprint <> p_fingerprint then
    raise exception 'this idempotency key was used for another request' using errcode = 'SK205';
  end if;
  -- An exception, because it makes the server skip the statements that are already on their way behind this one.
  raise exception 'this request was answered before' using errcode = 'SK200', detail = v_claimed.response;
end
$$;

comment on function inventory.claim_idempotency_key(text, bytea) is
  'Claims an idempotency key for this transaction. p_fingerprint is the SHA-256 of the request. '
  'Raises SK200 with the stored response when the request was answered before, SK205 when the key was used for another one.';

create function inventory.remember_response(p_key text, p_response json)
returns json
language plpgsql
volatile
security definer
set search_path = ''
as $$
begin
  update inventory.idempotency_keys
  set response = p_response
  where org_id = (select tenancy.current_org()) and key = p_key;
  return p_response;
end
$$;

comment on function inventory.remember_response(text, json) is
  'Stores the response under the idempotency key this transaction has claimed, and returns it.';

alter table inventory.idempotency_keys enable row level security;
alter table inventory.idempotency_keys force row level security;
create policy tenant on inventory.idempotency_keys
  using (org_id = (select tenancy.current_org()))
  with check (org_id = (select tenancy.current_org()));

grant execute on function inventory.iso(timestamptz) to stockade_api, stockade_jobs, stockade_admin;
grant execute on function inventory.item_json(inventory.items) to stockade_api, stockade_jobs;
grant execute on function inventory.location_json(inventory.locations) to stockade_api, stockade_jobs;
grant execute on function inventory.post_entry(jsonb) to stockade_api, stockade_jobs;
grant execute on function inventory.reverse_entry(uuid, text, jsonb) to stockade_api;
grant execute on function inventory.create_item(jsonb) to stockade_api, stockade_jobs;
grant execute on function inventory.create_location(jsonb) to stockade_api, stockade_jobs;
grant execute on function inventory.claim_idempotency_key(text, bytea) to stockade_api;
grant execute on function inventory.remember_response(text, json) to stockade_api;

-- What posting stands on, and the functions that post: see the policies post_ledger.
grant execute on function inventory.iso(timestamptz) to stockade_ledger;
grant create on schema inventory to stockade_ledger;
alter function inventory.raise_line_errors(jsonb) owner to stockade_ledger;
alter function inventory.raise_stale_balances(uuid, text[], text[], uuid[], uuid[], text[], bigint[]) owner to stockade_ledger;
alter function inventory.insert_entry(
  uuid, text, text, text, timestamptz, jsonb, uuid, text[], text[], uuid[], uuid[], text[], numeric[], bigint[]
) owner to stockade_ledger;
alter function inventory.post_entry(jsonb) owner to stockade_ledger;
alter function inventory.reverse_entry(uuid, text, jsonb) owner to stockade_ledger;
revoke create on schema inventory from stockade_ledger;

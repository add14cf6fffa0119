-- Seals: what the ledger held up to an instant, as one hash that follows from the one before.
--
-- A seal covers the movements between two entry ids. Ids are drawn when a posting begins and commit in another order,
-- so an id that is newest among the committed says nothing of those under way. Hence the boundary: writers hold a lock
-- in common, whoever draws a boundary holds it alone for the instant in which it reads the newest id, and from then on
-- a posting that would land behind the boundary is refused and begins again with a new id.

-- How far each organization is closed to new movements: no row behind it is ever committed again.
create table inventory.seal_boundaries (
  org_id uuid primary key references tenancy.organizations (id),
  -- The newest entry behind the boundary.
  boundary uuid not null,
  -- Nothing that was recorded then or before is committed from here on.
  settled_through timestamptz(3) not null,
  foreign key (org_id, boundary) references inventory.entries (org_id, id)
);

create table inventory.seals (
  org_id uuid not null references tenancy.organizations (id),
  seq bigint not null check (seq >= 1),
  -- Of the first seal: 32 zero bytes.
  previous_hash bytea not null check (length(previous_hash) = 32),
  -- The movements whose entries come behind after_entry (null: all) and not behind boundary.
  after_entry uuid,
  boundary uuid not null,
  movements bigint not null check (movements >= 1),
  -- Over the movements, by entry and line: RFC 6962 with SHA-256. docs/SEALS.md tells the bytes of a leaf.
  merkle_root bytea not null check (length(merkle_root) = 32),
  closings bigint not null check (closings >= 1),
  closing_digest bytea not null check (length(closing_digest) = 32),
  -- The latest recorded_at of this seal and those before it.
  recorded_through timestamptz(3) not null,
  -- Nothing that was recorded then or before is in a later seal; null while that cannot be said of any instant.
  settled_through timestamptz(3),
  sealed_at timestamptz(3) not null,
  hash bytea not null check (length(hash) = 32),
  primary key (org_id, seq),
  -- An entry is the boundary of one seal.
  unique (org_id, boundary),
  foreign key (org_id, boundary) references inventory.entries (org_id, id),
  foreign key (org_id, after_entry) references inventory.seals (org_id, boundary)
);

-- The leaves, 1024 a page: a whole subtree of the tree but for the last one, so that an inclusion proof reads one page
-- and the roots of the others, and what differs is found by its id.
create table inventory.seal_pages (
  org_id uuid not null,
  seq bigint not null,
  page integer not null check (page >= 0),
  -- Entry id (16 bytes) and line (4 bytes) of the last leaf.
  last_leaf bytea not null check (length(last_leaf) = 20),
  root bytea not null check (length(root) = 32),
  -- Of each leaf its entry id (16 bytes), line (4 bytes, big endian) and hash (32 bytes).
  leaves bytea not null check (length(leaves) between 52 and 53248 and length(leaves) % 52 = 0),
  primary key (org_id, seq, page),
  foreign key (org_id, seq) references inventory.seals (org_id, seq)
);

-- Hashes cannot be compressed: not even tried.
alter table inventory.seal_pages alter column leaves set storage external;

-- The balance, after the seal, of each key that its movements changed.
create table inventory.seal_closings (
  org_id uuid not null,
  item_id uuid not null,
  location_id uuid not null,
  lot text not null,
  seq bigint not null,
  -- Two digits more than a balance: a seal cuts by ids, where no balance need ever have stood.
  on_hand numeric(17, 4) not null,
  version bigint not null check (version >= 1),
  primary key (org_id, item_id, location_id, lot, seq),
  foreign key (org_id, seq) references inventory.seals (org_id, seq)
);

create index seal_closings_seq on inventory.seal_closings (org_id, seq);

-- Where a seal was written down outside of the database. An organization that has moved is anchored again in the bucket
-- of its new place.
create table inventory.seal_anchors (
  org_id uuid not null,
  seq bigint not null,
  bucket text not null check (length(bucket) between 1 and 255),
  key text not null check (length(key) between 1 and 1024),
  -- What the bucket said of it.
  version_id text,
  anchored_at timestamptz(3) not null default now(),
  primary key (org_id, seq, bucket),
  foreign key (org_id, seq) references inventory.seals (org_id, seq)
);

comment on table inventory.seal_boundaries is
  'Tenant data (derived): how far the ledger of an organization is closed to new movements.';
comment on table inventory.seals is
  'Tenant data (append-only): the seals of the ledger, each chained to the one before.';
comment on table inventory.seal_pages is
  'Tenant data (append-only): the hashes of the sealed movements.';
comment on table inventory.seal_closings is
  'Tenant data (append-only): what the balances were when they were sealed.';
comment on table inventory.seal_anchors is
  'Tenant data (append-only): where seals were written down outside of the database.';

do $migration$
declare
  v_table text;
begin
  foreach v_table in array array['seal_boundaries', 'seals', 'seal_pages', 'seal_closings', 'seal_anchors'] loop
    execute format('alter table inventory.%I enable row level security', v_table);
    execute format('alter table inventory.%I force row level security', v_table);
    execute format(
      'create policy tenant on inventory.%I using (org_id = (select tenancy.current_org())) '
      'with check (org_id = (select tenancy.current_org()))',
      v_table
    );
    continue when v_table = 'seal_boundaries';
    execute format(
      'create trigger append_only before update or delete or truncate on inventory.%I '
      'for each statement execute function inventory.refuse_change()',
      v_table
    );
    execute format(
      'create trigger append_only_rows after delete on inventory.%I referencing old table as removed '
      'for each statement execute function inventory.refuse_change()',
      v_table
    );
    execute format('alter table inventory.%I enable always trigger append_only', v_table);
    execute format('alter table inventory.%I enable always trigger append_only_rows', v_table);
  end loop;
end
$migration$;

-- Whoever posts looks at the boundary, of the organization that it names in every statement.
create policy post_ledger on inventory.seal_boundaries for select to stockade_ledger using (true);
grant select on inventory.seal_boundaries to stockade_ledger;

grant select on
  inventory.seal_boundaries, inventory.seals, inventory.seal_pages, inventory.seal_closings, inventory.seal_anchors
  to stockade_jobs;
grant select on inventory.seals, inventory.seal_pages, inventory.seal_closings, inventory.seal_anchors to stockade_api;

create function inventory.refuse_sealed()
returns trigger
language plpgsql
set search_path = ''
as $$
declare
  -- The boundary stays where it is until this transaction ends. The context is read without its seal being verified,
  -- because every posting pays for this: who forges one holds the wrong lock, and the wall refuses the rows.
  -- An assignment is evaluated without the executor that PERFORM would start; in the statement that looks at the boundary
  -- it would come after the snapshot.
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

comment on function inventory.refuse_sealed() is
  'Keeps the seal boundary of the organization where it is until this transaction ends, in common with other writers, and '
  'refuses movements behind it: it was drawn since their id or time was, or the clock has gone back. '
  'Raises 40001, on which the caller posts again; 25001 in a transaction that is not read committed.';

-- Its name comes before apply_movements, and so does it: a writer that waits here has no balances in its hands yet.
create trigger above_seal_boundary
  after insert on inventory.movements
  referencing new table as added
  for each statement execute function inventory.refuse_sealed();
alter table inventory.movements enable always trigger above_seal_boundary;

create function inventory.draw_seal_boundary()
returns uuid
language plpgsql
volatile
security definer
set search_path = ''
-- Writers that come meanwhile queue behind whoever waits for them all.
set lock_timeout = '25ms'
as $$
declare
  v_org_id constant uuid := tenancy.require_scope('write');
  -- A posting is refused when it was under way for longer than this while a boundary was drawn.
  v_longest_posting constant interval := '1 minute';
  v_newest uuid;
begin
  if current_setting('transaction_isolation') <> 'read committed' then
    raise exception 'a boundary is drawn in a read committed transaction, which sees what was committed before it'
      using errcode = '25001';
  end if;
  -- First, so that nobody waits for another sealer while the writers wait.
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
  -- The writers wait for this commit, not for the disk: a seal is committed after it, to the same log.
  perform set_config('synchronous_commit', 'off', true);
  return v_newest;
end
$$;

comment on function inventory.draw_seal_boundary() is
  'Closes the ledger of the organization that was entered up to its newest entry, and returns that entry; null when there is '
  'none. To be committed at once, in a transaction of its own: writers wait for it. '
  'Raises 55P03 when writers were not done within 25 ms (try again), SK902 when no organization was entered, SK104 when the '
  'caller may not write, 25001 in a transaction that is not read committed.';

grant execute on function inventory.draw_seal_boundary() to stockade_jobs;

-- The leaves of the Merkle tree over some movements, by entry and line: entry id (16 bytes), line (4), hash (32) of each.
-- A hash covers the movement and its entry; docs/SEALS.md tells its bytes. Texts that may hold a line feed have their
-- length in bytes before them.
create function inventory.seal_leaves(
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
              concat(
                m.quantity, E'\n', e.kind, E'\n', m.lot, E'\n', e.reverses, E'\n',
                octet_length(e.reference), E'\n', e.reference, E'\n',
                octet_length(e.actor), E'\n', e.actor, E'\n',
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

-- The next level of a Merkle tree: the hash of each pair of nodes, and the last one as it is when it has no other.
-- Nodes stand every p_stride bytes, their hash at p_offset.
create function inventory.merkle_level(p_nodes bytea, p_stride integer, p_offset integer)
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
          '\x01'::bytea
            || substring(p_nodes from 2 * i * p_stride + p_offset + 1 for 32)
            || substring(p_nodes from (2 * i + 1) * p_stride + p_offset + 1 for 32)
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

-- What the hash of a seal is the hash of.
create function inventory.seal_header(p_seal inventory.seals)
returns text
language sql
stable
set search_path = ''
as $$
  select concat(
    'stockade seal 1', E'\n',
    p_seal.org_id, E'\n',
    p_seal.seq, E'\n',
    encode(p_seal.previous_hash, 'hex'), E'\n',
    p_seal.after_entry, E'\n',
    p_seal.boundary, E'\n',
    p_seal.movements, E'\n',
    encode(p_seal.merkle_root, 'hex'), E'\n',
    p_seal.closings, E'\n',
    encode(p_seal.closing_digest, 'hex'), E'\n',
    inventory.iso(p_seal.recorded_through), E'\n',
    inventory.iso(p_seal.settled_through), E'\n',
    inventory.iso(p_seal.sealed_at), E'\n'
  )
$$;

-- A seal as the API shows it.
create function inventory.seal_json(p_seal inventory.seals)
returns json
language sql
stable
set search_path = ''
as $$
  select json_build_object(
    'seq', p_seal.seq,
    'hash', encode(p_seal.hash, 'hex'),
    'previousHash', encode(p_seal.previous_hash, 'hex'),
    'afterEntry', p_seal.after_entry,
    'boundary', p_seal.boundary,
    'movements', p_seal.movements,
    'merkleRoot', encode(p_seal.merkle_root, 'hex'),
    'closings', p_seal.closings,
    'closingDigest', encode(p_seal.closing_digest, 'hex'),
    'recordedThrough', inventory.iso(p_seal.recorded_through),
    'settledThrough', inventory.iso(p_seal.settled_through),
    'sealedAt', inventory.iso(p_seal.sealed_at)
  )
$$;

create function inventory.seal_next(p_most_movements integer)
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
  -- Of two at once the second waits here, and then seals behind what the first has sealed.
  select * into v_drawn from inventory.seal_boundaries where org_id = v_org_id for update;
  select * into v_last from inventory.seals where org_id = v_org_id order by seq desc limit 1;
  v_after := coalesce(v_last.boundary, '00000000-0000-0000-0000-000000000000');

  -- An entry is sealed whole, so one of many lines may add some to the most.
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
  v_seal.seq := coalesce(v_last.seq, 0) + 1;
  v_seal.previous_hash := coalesce(v_last.hash, decode(repeat('00', 32), 'hex'));
  v_seal.after_entry := v_last.boundary;
  v_seal.merkle_root := v_nodes;
  v_seal.recorded_through := greatest(v_last.recorded_through, v_seal.recorded_through);
  v_seal.settled_through := case
    when v_seal.boundary = v_drawn.boundary then v_drawn.settled_through
    -- Of what lies between this seal and the boundary it is not known when it was recorded.
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
    from inventory.movements
    where org_id = v_org_id
      and entry_id > v_after
      and entry_id <= v_seal.boundary
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

comment on function inventory.seal_next(integer) is
  'Seals the next movements of the organization that was entered, up to the drawn boundary and about as many as asked for, and '
  'returns the seal; null when there is nothing to seal. Call it until then, a transaction each. Reads history alone, never the '
  'balances. Raises SK902 when no organization was entered, SK104 when the caller may not write, 25001 in a transaction that '
  'is not read committed.';

create function inventory.note_seal_anchor(p_seq bigint, p_bucket text, p_key text, p_version_id text)
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

comment on function inventory.note_seal_anchor(bigint, text, text, text) is
  'Notes where a seal of the organization that was entered is written down outside of the database; the first note stays. '
  'Raises 23503 when there is no such seal, SK902 when no organization was entered, SK104 when the caller may not write.';

grant execute on function inventory.seal_header(inventory.seals) to stockade_api, stockade_jobs;
grant execute on function inventory.seal_json(inventory.seals) to stockade_api, stockade_jobs;
grant execute on function inventory.seal_next(integer) to stockade_jobs;
grant execute on function inventory.note_seal_anchor(bigint, text, text, text) to stockade_jobs;

-- The tables with an org_id, parents before children; the boundary of an imported organization comes after its movements.
create or replace function tenancy.tenant_tables()
returns regclass[]
language plpgsql
stable
set search_path = ''
as $$
declare
  v_waiting oid[] := array(
    select c.oid
    from pg_class c
    join pg_attribute a on a.attrelid = c.oid and a.attname = 'org_id' and not a.attisdropped
    where c.relkind in ('r', 'p')
      and not c.relispartition
      and c.oid >= 16384
    order by c.oid
  );
  v_ready oid[];
  v_placed regclass[] := '{}';
begin
  while v_waiting <> '{}' loop
    v_ready := array(
      select w.child
      from unnest(v_waiting) with ordinality as w (child, n)
      where not exists (
        select from pg_constraint k
        where k.contype = 'f' and k.conrelid = w.child and k.confrelid <> w.child and k.confrelid = any (v_waiting)
      )
      -- What the balance trigger needs, and makes, is told by no foreign key of the movements.
      and not exists (
        select
        from (
          values
            ('inventory.movements', 'inventory.items'),
            ('inventory.movements', 'inventory.locations'),
            ('inventory.balances', 'inventory.movements'),
            -- Movements behind the boundary are refused.
            ('inventory.seal_boundaries', 'inventory.movements')
        ) as needs (child, parent)
        where to_regclass(needs.child) = w.child and to_regclass(needs.parent) = any (v_waiting)
      )
      order by w.n
    );
    if v_ready = '{}' then
      raise exception 'tables with org_id refer to each other in a circle: %', v_waiting::regclass[] using errcode = 'SK506';
    end if;
    v_placed := v_placed || v_ready::regclass[];
    v_waiting := array(
      select w.child from unnest(v_waiting) with ordinality as w (child, n) where w.child <> all (v_ready) order by w.n
    );
  end loop;
  return v_placed;
end
$$;

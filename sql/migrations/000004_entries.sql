-- The ledger: an entry is one atomic posting, a movement is one line of it. Both are append-only.
create table inventory.entries (
  org_id uuid not null,
  id uuid not null,
  kind text not null check (kind in ('receipt', 'return', 'issue', 'adjustment', 'count', 'transfer', 'reversal', 'opening')),
  reference text check (length(reference) between 1 and 200),
  occurred_at timestamptz(3) not null,
  recorded_at timestamptz(3) not null,
  actor text not null check (length(actor) between 1 and 200),
  metadata jsonb not null default '{}' check (jsonb_typeof(metadata) = 'object'),
  reverses uuid check ((reverses is not null) = (kind = 'reversal')),
  -- No foreign key to organizations: every posting would lock the one row of its organization, and the wall has
  -- proven that it exists.
  primary key (org_id, id),
  foreign key (org_id, reverses) references inventory.entries (org_id, id)
);

-- An entry is reversed once, whoever asks at the same time.
create unique index entries_reverses on inventory.entries (org_id, reverses) where reverses is not null;

-- A movement of the single-tenant inventory becomes an entry of one line under the same id.
insert into inventory.entries (org_id, id, kind, reference, occurred_at, recorded_at, actor)
select org_id, id, kind, nullif(reference, ''), occurred_at, recorded_at, coalesce('user:' || user_id, 'system')
from inventory.movements;

alter table inventory.movements rename column id to entry_id;
alter table inventory.movements
  drop constraint movements_pkey,
  drop column kind,
  drop column reference,
  drop column user_id,
  add column line integer not null default 1 check (line >= 1),
  add column lot text not null default '' check (length(lot) <= 64 and lot !~ '[[:cntrl:]]' and lot = btrim(lot)),
  alter column entry_id drop default,
  alter column occurred_at drop default,
  alter column recorded_at drop default,
  add primary key (org_id, entry_id, line),
  add foreign key (org_id, entry_id) references inventory.entries (org_id, id);

alter table inventory.movements
  alter column line drop default;

drop index inventory.movements_item;
create index movements_key on inventory.movements (org_id, item_id, location_id, lot, entry_id);

create function inventory.refuse_change()
returns trigger
language plpgsql
set search_path = ''
as $$
begin
  raise exception '% is append-only: a mistake is corrected by a reversal entry', tg_table_name
    using errcode = 'SK903';
end
$$;

comment on function inventory.refuse_change() is
  'Refuses UPDATE, DELETE and TRUNCATE of an append-only table, its owner''s too. Raises SK903.';

create trigger append_only
  before update or delete or truncate on inventory.entries
  for each statement execute function inventory.refuse_change();
alter table inventory.entries enable always trigger append_only;

create trigger append_only
  before update or delete or truncate on inventory.movements
  for each statement execute function inventory.refuse_change();
alter table inventory.movements enable always trigger append_only;

alter table inventory.entries enable row level security;
alter table inventory.entries force row level security;
create policy tenant on inventory.entries
  using (org_id = (select tenancy.current_org()))
  with check (org_id = (select tenancy.current_org()));

alter table inventory.movements enable row level security;
alter table inventory.movements force row level security;
create policy tenant on inventory.movements
  using (org_id = (select tenancy.current_org()))
  with check (org_id = (select tenancy.current_org()));

grant select on inventory.entries, inventory.movements to stockade_api, stockade_jobs;

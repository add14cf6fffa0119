-- Expand: what an organization says of an item that is counted: by lot or not, below zero or not, when to reorder.
alter table inventory.items
  add column tracking text not null default 'none' check (tracking in ('none', 'lot')),
  add column allow_negative boolean not null default false,
  add column reorder_point numeric(15, 4) check (reorder_point >= 0),
  add column metadata jsonb not null default '{}' check (jsonb_typeof(metadata) = 'object'),
  add column updated_at timestamptz(3) not null default now();

alter table inventory.locations
  add column updated_at timestamptz(3) not null default now();

grant insert (tracking, allow_negative, reorder_point, metadata) on inventory.items to stockade_api, stockade_jobs;
grant update (allow_negative, reorder_point, metadata, updated_at) on inventory.items to stockade_api;
grant update (updated_at) on inventory.locations to stockade_api;

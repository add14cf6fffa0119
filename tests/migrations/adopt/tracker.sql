-- A project tracker: uuid ids, two schemas, workspaces that share one database, many-to-many tables, tasks below tasks,
-- tables that refer to each other in a circle, and row-level security of its own.
create schema accounts;
create schema work;

create table accounts.workspaces (
  id uuid primary key default gen_random_uuid(),
  name text not null,
  created_at timestamptz not null default now()
);

create table accounts.people (
  id uuid primary key default gen_random_uuid(),
  workspace_id uuid not null references accounts.workspaces on delete cascade,
  email text not null,
  display_name text not null,
  unique (workspace_id, email)
);

create table work.projects (
  id uuid primary key default gen_random_uuid(),
  workspace_id uuid not null references accounts.workspaces on delete cascade,
  key text not null,
  lead_id uuid references accounts.people on delete set null,
  unique (workspace_id, key)
);

-- The people refer to the projects, which refer to the people.
alter table accounts.people add column current_project_id uuid references work.projects on delete set null;

-- A task belongs to a project, or it is a part of another task and has no project of its own.
create table work.tasks (
  id uuid primary key default gen_random_uuid(),
  project_id uuid references work.projects on delete cascade,
  parent_id uuid references work.tasks on delete cascade,
  title text not null,
  state text not null default 'open',
  position bigint generated always as identity,
  check (project_id is not null or parent_id is not null)
);
create index tasks_project on work.tasks (project_id, state);
create index tasks_parent on work.tasks (parent_id);

create table work.labels (
  id uuid primary key default gen_random_uuid(),
  workspace_id uuid not null references accounts.workspaces on delete cascade,
  name text not null
);
create unique index labels_name on work.labels (workspace_id, lower(name));

create table work.task_labels (
  task_id uuid not null references work.tasks on delete cascade,
  label_id uuid not null references work.labels on delete cascade,
  primary key (task_id, label_id)
);

create table work.task_watchers (
  task_id uuid not null references work.tasks on delete cascade,
  person_id uuid not null references accounts.people on delete cascade,
  primary key (task_id, person_id)
);

create table work.comments (
  id uuid primary key default gen_random_uuid(),
  task_id uuid not null references work.tasks on delete cascade,
  author_id uuid references accounts.people on delete set null,
  body text not null,
  is_removed boolean not null default false,
  written_at timestamptz not null default now()
);
alter table work.comments enable row level security;
create policy kept on work.comments using (not is_removed);

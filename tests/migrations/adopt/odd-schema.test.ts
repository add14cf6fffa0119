import { randomUUID } from 'node:crypto';
import { expect, inject, test } from 'vitest';
import { type Finding, validateFile } from '#schema/validator/validate.ts';
import { planText } from '#scripts/migrate/adopt/report.ts';
import { isolationText } from '#scripts/migrate/isolation/report.ts';
import { readDatabaseShape } from '#scripts/migrate/plan/catalog-schema.ts';
import { type ApplicationWorld, openApplication } from './application-world.ts';

const apiary = '00000000-0000-4000-8000-00000000000a';
const bakery = '00000000-0000-4000-8000-00000000000b';

/** What Postgres allows and few applications have. */
const odd = `
  create schema odd;
  alter table accounts.workspaces add column slug text unique;
  create table odd."a;b--c" (
    "o$$" uuid not null references accounts.workspaces deferrable initially deferred,
    "line
end" integer primary key,
    thrice integer generated always as ("line
end" * 3) stored
  );
  do $$ begin
    if current_setting('server_version_num')::integer >= 180000 then
      execute 'alter table odd."a;b--c" add column twice integer generated always as (2 * "line
end") virtual';
    end if;
  end $$;
  create statistics odd.both on "o$$", thrice from odd."a;b--c";
  create table odd."Ключи" (workspace_id uuid not null references accounts.workspaces, place integer not null);
  create unique index places on odd."Ключи" (place desc);
  create table odd.patterns (workspace_id uuid not null references accounts.workspaces, place text not null);
  create unique index patterns_place on odd.patterns (place text_pattern_ops);
  create table odd.nulls (workspace_id uuid not null references accounts.workspaces, place integer not null);
  create unique index nulls_place on odd.nulls (place) nulls not distinct;
  create table odd.notes (
    id integer primary key, workspace_id uuid references accounts.workspaces on delete set null,
    person_id uuid references accounts.people on delete set null
  );
  create function odd.first_workspace() returns trigger language plpgsql as $$
    begin new.workspace_id := coalesce(new.workspace_id, '${apiary}'); return new; end $$;
  create trigger zzz_workspace before insert on odd.notes for each row execute function odd.first_workspace();
  create table odd.walled (id integer primary key, workspace_id uuid not null references accounts.workspaces);
  alter table odd.walled enable row level security;
  create policy tenant on odd.walled as restrictive using (id > 0);
  create policy tenant_own on odd.walled using (id < 1000);
  create table odd.asleep (id integer primary key, workspace_id uuid not null references accounts.workspaces);
  create policy tenant on odd.asleep using (true);
  create table odd.migrations (id integer primary key, migration text, batch integer);`;

/** What the application does before the last step, in its own statements, which know of no organization. */
const statements = [
  [
    'an upsert',
    `insert into accounts.workspaces (id, name) values ('${apiary}', 'A') on conflict (id) do nothing`,
  ],
  [
    'an upsert by another key',
    `insert into accounts.workspaces (name, slug) values ('B', 's') on conflict (slug) do update set name = excluded.name`,
  ],
  ['a row', `insert into accounts.workspaces (id, name) values (md5('1')::uuid, 'Gone')`],
  ['its end', `delete from accounts.workspaces where name = 'Gone'`],
  ['its return', `insert into accounts.workspaces (id, name) values (md5('1')::uuid, 'Gone')`],
  ['odd names', `insert into odd."a;b--c" ("o$$", "line\nend") values ('${apiary}', 1)`],
  ['a late trigger', 'insert into odd.notes (id) values (1)'],
  ['a policy of its own', `insert into odd.walled values (1, '${apiary}')`],
  ['a lost parent', `update odd.notes set workspace_id = null`],
  [
    'a move with all below',
    `update work.projects set workspace_id = '${bakery}', lead_id = null, key = 'OLD' where workspace_id = '${apiary}'`,
  ],
] as const;

/** What the validator finds in the migrations, knowing the database. */
async function findingsOf({ admin }: ApplicationWorld, files: ReadonlyMap<string, string>) {
  const { schema } = await readDatabaseShape(admin);
  const findings: Finding[] = [];
  for (const [file, content] of files) {
    if (!file.startsWith('migrations/')) continue;
    findings.push(...(await validateFile({ file, content }, 'stockade', schema)).findings);
  }
  return findings;
}

test('an odd schema is adopted, and what the application did it still does before the last step', async () => {
  await using world = await openApplication('tracker', inject('clusterUrl'), { change: odd });
  const application = await world.connect();
  await application.query(`
    update accounts.people set current_project_id = null;
    delete from work.task_labels;
    delete from work.task_watchers;
    update work.comments set author_id = null;
    insert into accounts.workspaces (name, slug) values ('Slug', 's');`);
  const text = planText(await world.plan());
  expect(text).toContain('"a;b--c_o$$_fkey" on odd."a;b--c": a row that is stored before');
  expect(text).toContain('odd.notes: a new row that refers to no row of an organization is refused');
  const { files, lastBeforeContract } = await world.write();
  expect(await findingsOf(world, files)).toEqual([]);
  await world.migrate({ target: lastBeforeContract });

  const failures: string[] = [];
  for (const [what, statement] of statements) {
    await application.query(statement).catch((error) => failures.push(`${what}: ${error.message}`));
  }
  expect(failures).toEqual([]);
  const { rows } = await world.admin.query(
    `select count(*)::int as organizations,
       (select count(*)::int from work.tasks join accounts.workspaces w using (org_id) where w.id <> '${bakery}') as left,
       (select count(distinct org_id)::int from accounts.workspaces) as workspaces
     from tenancy.organizations`,
  );
  // The workspace that is gone leaves its organization; the upserts leave none.
  expect(rows).toEqual([{ organizations: 5, left: 0, workspaces: 4 }]);

  await world.migrate();
  expect(isolationText(await world.lint())).toMatch(/^No faults/);
  expect((await application.query('select from odd.walled')).rowCount).toBe(0);
});

test('a name that a migration needs and the application has is said before there are files', async () => {
  await using world = await openApplication('tracker', inject('clusterUrl'), {
    rows: false,
    change: `create index labels_name_org on work.labels (name);
      alter table work.labels add constraint labels_org_id_present check (name <> '');`,
  });
  const { obstacles, adoption } = await world.plan();
  expect(adoption).toBeUndefined();
  expect(obstacles.map(({ object }) => object)).toEqual([
    'work.labels_name_org',
    'labels_org_id_present on work.labels',
  ]);
});

test('a role that writes a table and may not read it is named by no policy for reading', async () => {
  const role = `clerk_${randomUUID().slice(0, 8)}`;
  await using world = await openApplication('tracker', inject('clusterUrl'), {
    rows: false,
    change: `reset role; create role ${role}; grant insert on work.labels to ${role}`,
  });
  try {
    const { files } = await world.write();
    const [wall] = [...files.values()].filter((file) =>
      file.includes('create policy tenant_first on work.labels '),
    );
    expect(wall).toContain(`grant insert on work.labels to ${role}`);
    expect(/create policy tenant_first on work\.labels .*? to (.*)$/m.exec(wall ?? '')?.[1]).not.toContain(
      role,
    );
  } finally {
    await world.admin.query(`drop owned by ${role}; drop role ${role}`);
  }
});

import type { Attack, Target } from '../attack.ts';

const readAll = 'select * from inventory.items';

/** They wait for a lock of the table before they are refused, and until then others wait behind them. */
const locksFirst: ReadonlySet<string> = new Set(['a rule', 'a trigger']);

/** Attacks that change the role, create objects, or give names another meaning. */
export function privilegeAttacks({ org }: Target): Attack[] {
  const statement = (name: string, why: string, statements: string): Attack => ({ name, why, statements });
  return [
    ...[
      'stockade_owner',
      'stockade_jobs',
      'stockade_admin',
      'postgres',
      'pg_read_all_data',
      'pg_monitor',
      'none',
    ].map((role) => statement(`set role ${role}`, 'the role is granted', `set role ${role}; ${readAll}`)),
    statement('set local role', 'the role is granted', `set local role stockade_owner; ${readAll}`),
    {
      name: 'role by function',
      why: 'the setting is allowed although the command is not',
      query: `select set_config('role', 'stockade_owner', false), i.* from inventory.items i`,
    },
    statement(
      'set session authorization',
      'the login role may',
      `set session authorization postgres; ${readAll}`,
    ),
    statement(
      'reset session authorization',
      'the session began as another',
      `reset session authorization; ${readAll}`,
    ),
    statement('reset all', 'resetting opens', `reset all; reset role; ${readAll}`),
    statement('grant to oneself', 'an admin option', 'grant stockade_owner to stockade_api'),
    statement(
      'grant on tables',
      'a grant option',
      'grant all on all tables in schema inventory to stockade_api',
    ),
    statement('create a role', 'CREATEROLE', `create role evil superuser login`),
    statement('alter the own role', 'self-service settings', `alter role stockade_api bypassrls`),
    statement('give up all privileges', 'the role drops its own', 'drop owned by stockade_api cascade'),
    statement(
      'leave all policies',
      'a role leaves the policies that name it, and the last one takes the policy with it',
      'commit; begin read write; drop owned by current_user; commit; begin',
    ),
    statement('reassign ownership', 'the role gives away', 'reassign owned by stockade_api to stockade_jobs'),
    statement(
      'revoke from everybody',
      'a role can revoke grants that it did not give',
      'revoke all on all tables in schema inventory from stockade_jobs, stockade_api',
    ),
    statement('alter the database', 'ownership', `alter database postgres set row_security = off`),
    statement('alter system', 'superuser', `alter system set log_statement = 'all'`),
    {
      name: 'default privileges',
      why: 'later objects are open to everybody',
      statements: 'alter default privileges grant all on tables to public',
      remains: 'every role may set default privileges for its own objects; this one cannot create any',
      undo: 'alter default privileges for role stockade_api revoke all on tables from public',
    },
    statement('drop the policy', 'ownership', 'drop policy tenant on inventory.items'),
    statement('another policy', 'ownership', 'create policy open on inventory.items using (true)'),
    statement('no row security', 'ownership', 'alter table inventory.items disable row level security'),
    statement('no force', 'ownership', 'alter table inventory.items no force row level security'),
    statement('no triggers', 'ownership', 'alter table inventory.movements disable trigger all'),
    statement(
      'replica role',
      'superuser',
      `set session_replication_role = replica; delete from inventory.items where org_id = ${org}`,
    ),
    ...[
      ['a schema', 'create schema evil'],
      ['a table in public', 'create table public.items as select 1 as a'],
      ['a table in our schema', 'create table inventory.evil (a int)'],
      ['a temporary table', 'create temp table items (org_id uuid, sku text)'],
      ['a temporary table by select', 'select 1 as a into temp items'],
      ['a temporary view', 'create temp view organizations as select 1 as a'],
      ['a temporary sequence', 'create temp sequence s'],
      [
        'a temporary function',
        `create function pg_temp.sha256(bytea) returns bytea language sql as 'select $1'`,
      ],
      ['a function', `create function public.evil() returns int language sql security definer as 'select 1'`],
      [
        'a function over current_org',
        `create or replace function tenancy.current_org() returns uuid language sql as 'select null::uuid'`,
      ],
      ['a procedure', `create procedure public.evil() language sql as 'select 1'`],
      ['a view', 'create view public.evil as select * from inventory.items'],
      ['a materialized view', 'create materialized view public.evil as select * from inventory.items'],
      ['a rule', 'create rule evil as on select to inventory.items do instead select 1'],
      [
        'a trigger',
        'create trigger evil after insert on inventory.items execute function inventory.refuse_change()',
      ],
      [
        'an event trigger',
        'create event trigger evil on ddl_command_end execute function inventory.refuse_change()',
      ],
      ['a type', 'create type public.uuid as (a int)'],
      ['a domain', 'create domain public.evil as text'],
      ['an operator', 'create operator public.= (leftarg = uuid, rightarg = uuid, function = uuid_ne)'],
      ['a cast', 'create cast (text as uuid) with inout as implicit'],
      ['an index', 'create index evil on inventory.items (sku)'],
      ['statistics', 'create statistics public.evil on sku, name from inventory.items'],
      ['a language', 'create language plperlu'],
      ['an extension', 'create extension dblink'],
      ['a trusted extension', 'create extension pg_trgm'],
      ['a foreign server', 'create server evil foreign data wrapper postgres_fdw'],
      ['a publication', 'create publication evil for all tables'],
      ['a subscription', `create subscription evil connection 'host=localhost' publication evil`],
      ['a tablespace', `create tablespace evil location '/tmp'`],
      ['a database', 'create database evil'],
      ['a text search dictionary', 'create text search dictionary public.evil (template = simple)'],
      ['a comment', `comment on table inventory.items is 'evil'`],
      ['a security label', `security label on table inventory.items is 'evil'`],
    ].map(([what = '', sql]) => ({
      ...statement(`create ${what}`, 'names can be shadowed, or code left behind', `${sql}; ${readAll}`),
      ...(locksFirst.has(what) && {
        remains: 'Postgres takes the lock of CREATE RULE and CREATE TRIGGER before it refuses the command',
      }),
    })),
    statement(
      'search_path with a shadow',
      'unqualified names are looked up where the attacker can write',
      `create temp table items as select ${org} as org_id; set local search_path = pg_temp, pg_catalog; select * from inventory.items`,
    ),
    statement(
      'search_path before a definer function',
      'a definer function looks names up in the caller’s path',
      `set local search_path = pg_temp, public, inventory, tenancy;
       select inventory.post_entry('{"kind":"receipt","lines":[]}'); ${readAll}`,
    ),
    statement(
      'refresh, analyze, vacuum, cluster',
      'maintenance shows rows',
      'analyze verbose inventory.items',
    ),
    statement('reindex', 'maintenance runs code', 'reindex table inventory.items'),
    statement('checkpoint', 'superuser', 'checkpoint'),
    statement('load', 'a library is loaded', `load 'auto_explain'`),
    statement('two-phase', 'a transaction that outlives the session', `prepare transaction 'evil'`),
  ];
}

import {
  firstOwnOid,
  IncompleteDump,
  isMadeWith,
  isOwn,
  type ObjectKey,
  type ReadCatalog,
} from './catalog.ts';

interface Privilege {
  readonly key: ObjectKey;
  readonly noun: string;
  readonly column: string | null;
  readonly grantee: string;
  readonly privilege: string;
  readonly grantable: boolean;
  readonly granted: boolean;
  readonly byDefault: boolean;
  readonly otherGrantor: string | null;
}

/**
 * The statements that change the privileges of a new object of its kind into the real privileges of the object.
 * The privileges of PUBLIC are always written, even the default ones: a reader must not miss them.
 */
export async function readGrants(read: ReadCatalog): Promise<Map<ObjectKey, string[]>> {
  const privileges = await read<Privilege>(privilegesSql);
  const alien = privileges.find(({ otherGrantor }) => otherGrantor);
  if (alien)
    throw new IncompleteDump(
      `${alien.privilege} on ${alien.noun}, granted by ${alien.otherGrantor}, not the owner`,
    );
  const statements = new Map<ObjectKey, string[]>();
  for (const [key, own] of Map.groupBy(privileges, (each) => each.key)) {
    const noun = own[0]?.noun ?? '';
    const revoked = own.filter(({ granted, byDefault }) => byDefault && !granted);
    const granted = own.filter((each) => each.granted && (!each.byDefault || each.grantee === 'public'));
    const lines = [
      ...merge(revoked).map(([what, who]) => `revoke ${what} on ${noun} from ${who};`),
      ...merge(granted.filter(({ grantable }) => !grantable)).map(
        ([what, who]) => `grant ${what} on ${noun} to ${who};`,
      ),
      ...merge(granted.filter(({ grantable }) => grantable)).map(
        ([what, who]) => `grant ${what} on ${noun} to ${who} with grant option;`,
      ),
    ];
    if (lines.length > 0) statements.set(key, lines);
  }
  return statements;
}

/** The privileges of future objects, as `alter default privileges`. */
export async function readDefaultPrivileges(read: ReadCatalog): Promise<string[]> {
  const privileges = await read<Privilege & { scope: string }>(defaultPrivilegesSql);
  return [...Map.groupBy(privileges, ({ scope, noun }) => `${scope} ${noun}`).values()].flatMap((own) => {
    const prefix = `alter default privileges ${own[0]?.scope}`;
    const noun = own[0]?.noun ?? '';
    const change = (some: Privilege[], verb: string, link: string, end: string) =>
      merge(some).map(([what, who]) => `${prefix}\n  ${verb} ${what} on ${noun} ${link} ${who}${end};`);
    const added = own.filter(({ granted, byDefault }) => granted && !byDefault);
    return [
      ...change(
        own.filter(({ granted }) => !granted),
        'revoke',
        'from',
        '',
      ),
      ...change(
        added.filter(({ grantable }) => !grantable),
        'grant',
        'to',
        '',
      ),
      ...change(
        added.filter(({ grantable }) => grantable),
        'grant',
        'to',
        ' with grant option',
      ),
    ];
  });
}

/** Pairs of [privileges, grantees]: the privileges of each grantee on one line, and grantees with equal ones together. */
function merge(privileges: readonly Privilege[]): [string, string][] {
  const byGrantee = Map.groupBy(privileges, ({ grantee }) => grantee);
  const lines = [...byGrantee].map(([grantee, own]) => ({ grantee, what: privilegeList(own) }));
  const grouped = Map.groupBy(lines, ({ what }) => what);
  return [...grouped].map(([what, same]) => [what, same.map(({ grantee }) => grantee).join(', ')]);
}

/** `select, insert (a, b)`: columns follow their privilege, and privileges are in the order of the catalogue. */
function privilegeList(privileges: readonly Privilege[]): string {
  const byPrivilege = Map.groupBy(
    privileges,
    ({ privilege, column }) => `${privilege}${column === null ? '' : ' ('}`,
  );
  return [...byPrivilege]
    .map(([start, own]) =>
      start.endsWith('(') ? `${start}${own.map(({ column }) => column).join(', ')})` : start,
    )
    .join(', ');
}

/**
 * Compares the access list of each object (its default list if it has none) with that of a new object of its kind.
 * `source` gives key, scope, noun, sub, "column", owner, acl and initial.
 */
function compareAcl(source: string): string {
  return `
    select o.key, o.scope, o.noun, o."column",
      case a.grantee when 0 then 'public' else quote_ident(pg_get_userbyid(a.grantee)) end as grantee,
      lower(a.privilege_type) as privilege,
      a.is_grantable as grantable,
      bool_or(a.granted) as granted,
      bool_or(not a.granted) as "byDefault",
      max(pg_get_userbyid(a.grantor)) filter (where a.granted and a.grantor <> o.owner) as "otherGrantor"
    from (${source}) as o
    cross join lateral (
      select *, true as granted from aclexplode(coalesce(o.acl, o.initial))
      union all
      select *, false from aclexplode(o.initial)
    ) as a
    group by o.key, o.scope, o.noun, o."column", o.sub, o.owner, a.grantee, a.privilege_type, a.is_grantable
    order by o.noun collate "C", o.scope collate "C", o.key, a.grantee <> 0, pg_get_userbyid(a.grantee) collate "C",
      array_position(array['SELECT', 'INSERT', 'UPDATE', 'DELETE'], a.privilege_type), a.privilege_type, o.sub`;
}

const privilegesSql = compareAcl(`
  select format('pg_class:%s', c.oid) as key, null as scope,
    format('%s %s', case c.relkind when 'S' then 'sequence' else 'table' end, c.oid::regclass) as noun,
    0 as sub, null as "column", c.relowner as owner, c.relacl as acl,
    acldefault(case c.relkind when 'S' then 's' else 'r' end::"char", c.relowner) as initial
  from pg_class as c
  where c.relkind in ('r', 'v', 'S') and ${isOwn('pg_class', 'c.oid', 'c.relnamespace')}
  union all
  select format('pg_class:%s', c.oid), null, format('table %s', c.oid::regclass),
    a.attnum, quote_ident(a.attname), c.relowner, a.attacl, null
  from pg_class as c join pg_attribute as a on a.attrelid = c.oid
  where a.attacl is not null and not a.attisdropped and ${isOwn('pg_class', 'c.oid', 'c.relnamespace')}
  union all
  select format('pg_proc:%s', p.oid), null,
    format('%s %s', case p.prokind when 'p' then 'procedure' else 'function' end, p.oid::regprocedure),
    0, null, p.proowner, p.proacl, acldefault('f', p.proowner)
  from pg_proc as p
  where ${isOwn('pg_proc', 'p.oid', 'p.pronamespace')} and not ${isMadeWith('pg_proc', 'p.oid')}
  union all
  select format('pg_type:%s', t.oid), null, format('type %s', t.oid::regtype),
    0, null, t.typowner, t.typacl, acldefault('T', t.typowner)
  from pg_type as t left join pg_class as c on c.oid = t.typrelid
  where (c.relkind = 'c' or t.typtype in ('e', 'd', 'r')) and ${isOwn('pg_type', 't.oid', 't.typnamespace')}
  union all
  select format('pg_namespace:%s', n.oid), null, format('schema %I', n.nspname),
    0, null, n.nspowner, n.nspacl,
    -- A new database has a schema public that everybody may use.
    acldefault('n', n.nspowner) || case when n.nspname = 'public' then array[makeaclitem(0, n.nspowner, 'USAGE', false)] end
  from pg_namespace as n
  where (${isOwn('pg_namespace', 'n.oid')} and n.nspname !~ '^pg_') or n.nspname = 'public'`);

const defaultPrivilegesSql = compareAcl(`
  select null as key,
    concat_ws(' ', format('for role %I', pg_get_userbyid(d.defaclrole)), 'in schema ' || quote_ident(n.nspname)) as scope,
    case d.defaclobjtype when 'r' then 'tables' when 'S' then 'sequences' when 'f' then 'functions'
      when 'T' then 'types' when 'n' then 'schemas' when 'L' then 'large objects' end as noun,
    0 as sub, null as "column", d.defaclrole as owner, d.defaclacl as acl,
    case when d.defaclnamespace = 0 then
      acldefault(case d.defaclobjtype when 'S' then 's' else d.defaclobjtype end::"char", d.defaclrole)
    end as initial
  from pg_default_acl as d left join pg_namespace as n on n.oid = d.defaclnamespace
  where d.oid >= ${firstOwnOid}`);

import type { IsolationException, IsolationRule } from '../lint/isolation-rules.ts';
import type { Table } from './application.ts';
import type { Foreseen } from './forecast.ts';
import { quoted } from './names.ts';
import type { Proposal } from './proposal.ts';
import { keptPrivileges } from './write/grants.ts';
import { replacements } from './write/indexes.ts';
import { pathOf } from './write/last-step.ts';

/** Extensions that read only what is passed to them. */
const harmlessExtensions =
  /^"?(citext|pgcrypto|uuid-ossp|pg_trgm|unaccent|hstore|ltree|btree_gin|btree_gist|intarray|fuzzystrmatch|cube|earthdistance)"?$/;

/** Why a fault of the application stays: the adoption changes no ids, types and extensions. */
const accepted: Readonly<Record<string, string>> = {
  '0015':
    'The application has no foreign key here. Policies keep it from reading the row of another organization.',
  '0016':
    'The application numbers its rows with a sequence. The gaps between the numbers of one organization show how much the others do.',
  '0017':
    'An index of the application. Under the wall its conditions are checked after the policy, without it.',
  '0049': 'It only computes with what is passed to it.',
};

/** Whether a fault that was foreseen is one that the adoption lives with. */
export function isAccepted({ rule, object }: Foreseen): boolean {
  return rule.number in accepted && (rule.number !== '0049' || harmlessExtensions.test(object));
}

/**
 * What the isolation lint must accept in an adopted database, each with its reason: what Stockade's own tenancy is accepted
 * for, what there is no ledger for, and what the application is.
 * @param routines the functions of the adopted tenancy schema, as `schema.name`
 */
export function exceptionsFor(
  proposal: Proposal,
  rules: readonly IsolationRule[],
  routines: readonly string[],
  foreseen: readonly Foreseen[],
): IsolationException[] {
  return [
    ...rules.flatMap(({ exceptions }) => exceptions.flatMap((each) => ofTenancy(proposal, routines, each))),
    ...withoutLedger(rules, routines),
    ...foreseen.filter(isAccepted).map(({ rule: { number }, object, detail }) => ({
      rule: number,
      object,
      detail,
      why: accepted[number] ?? '',
    })),
    ...ofApplication(proposal),
  ];
}

const tenancyTables =
  /\btenancy\.(drop_owned_guard|organizations|users|memberships|api_keys|security_events)\b/;

/** The exceptions of Stockade's own tenancy schema, with the application's logins instead of stockade_api. */
function ofTenancy(
  { logins }: Proposal,
  routines: readonly string[],
  exception: IsolationException,
): IsolationException[] {
  const { object, detail } = exception;
  const routine = /^([a-z_]+\.[a-z_]+)\(/.exec(object)?.[1];
  const isOurs = routine
    ? routines.includes(routine)
    : tenancyTables.test(object.replace(/_(slug|email)_key$/, ''));
  if (!isOurs || detail.startsWith('stockade_ledger')) return [];
  if (detail.startsWith('stockade_api')) {
    return logins.map(({ sql }) => ({ ...exception, detail: detail.replace('stockade_api', sql) }));
  }
  const names = logins.map(({ sql }) => sql).sort();
  return [{ ...exception, detail: detail.replace('for stockade_api it', `for ${names.join(', ')} it`) }];
}

/** The lint knows the functions and triggers of the ledger by name, and an adopted database has none. */
function withoutLedger(rules: readonly IsolationRule[], routines: readonly string[]): IsolationException[] {
  const why = 'This database is an adopted application: it has no ledger and no import.';
  const textOf = (number: string) => rules.find((rule) => rule.number === number)?.query ?? '';
  const functions = rules[0]?.terms.get('context_functions') ?? '';
  return [
    ...[...functions.matchAll(/'((tenancy\.\w+)\([^']*\))'/g)]
      .filter(([, , name = '']) => !routines.includes(name))
      .map(([, object = '']) => ({
        rule: '0031',
        object,
        detail: 'it is missing: this is not a Stockade database, or it was never migrated',
        why,
      })),
    ...[...textOf('0047').matchAll(/\('(inventory\.\w+)', '(\w+)',/g)].map(([, table, trigger]) => ({
      rule: '0047',
      object: `${trigger} on ${table}`,
      detail: 'it is missing',
      why,
    })),
  ];
}

function ofApplication(proposal: Proposal): IsolationException[] {
  const { application, tenant, shared, logins, choices } = proposal;
  const isTenant = (name: string) => tenant.some(({ table }) => table.name === name);
  return [
    ...application.foreignKeys
      .filter(({ child, parent }) => isTenant(child) && !isTenant(parent))
      .map(({ name, child, parent, definition }) => ({
        rule: '0013',
        object: `${name} on ${child}`,
        detail: definition,
        why: `Every organization reads ${parent}.`,
      })),
    ...tenant
      .filter(({ table }) => !hasPrimaryKey(table))
      .map(({ table }) => ({
        rule: '0012',
        object: table.name,
        detail: 'there is no primary key',
        why: 'The application has none here, and no columns that could be one.',
      })),
    ...(choices.keepStatistics ? tenant : []).map(({ table }) => ({
      rule: '0056',
      object: table.name,
      detail: 'statistics of its values are gathered',
      why: 'Kept on request: plans show each organization values of the others.',
    })),
    ...shared.flatMap(({ table, isWritable }) =>
      keptPrivileges(proposal, table, { writes: isWritable }).map(({ role, privileges }) => ({
        rule: '0051',
        object: table.name,
        detail: `${role} has ${[...privileges].sort().join(', ')}`,
        why: isWritable
          ? 'Named as shared and writable: what one organization writes, every other reads.'
          : 'Named as shared: its rows are no organization’s.',
      })),
    ),
    ...readByRequests(proposal),
    ...lockable(proposal),
    ...logins
      .filter(({ searchPath }) => pathOf(searchPath) !== '""')
      .map(({ sql, searchPath }) => ({
        rule: '0045',
        object: sql,
        detail: `it starts sessions with search_path=${pathOf(searchPath)}`,
        why: 'The application names its tables without their schema. Nobody but the owner creates objects in these schemas.',
      })),
  ];
}

/** The application reads and writes its tables by statements of its own. */
function readByRequests(proposal: Proposal): IsolationException[] {
  return proposal.tenant.flatMap(({ table }) =>
    keptPrivileges(proposal, table, { writes: true })
      .filter(({ role, privileges }) => privileges.length > 0 && canLogIn(proposal, role))
      .map(({ role, privileges }) => ({
        rule: '0061',
        object: table.name,
        detail: `${role} has ${[...privileges].sort().join(', ')}`,
        why: 'The application reads it by its own statements. Around UNION ALL, injected SQL can test guessed values of other organizations.',
      })),
  );
}

/** The application changes and deletes rows by itself, so its logins keep the privileges with which a table can be locked. */
function lockable(proposal: Proposal): IsolationException[] {
  const { application, tenant, shared } = proposal;
  const writable = [
    ...tenant.map(({ table }) => table),
    ...shared.filter(({ isWritable }) => isWritable).map(({ table }) => table),
    ...application.views.filter(({ isMaterialized }) => !isMaterialized),
  ];
  return writable.flatMap((granted) =>
    keptPrivileges(proposal, granted, { writes: true })
      .map(({ role, privileges }) => ({
        role,
        locking: privileges.filter((privilege) => ['update', 'delete'].includes(privilege)).sort(),
      }))
      .filter(({ role, locking }) => locking.length > 0 && canLogIn(proposal, role))
      .map(({ role, locking }) => ({
        rule: '0057',
        object: granted.name,
        detail: `${role} has ${locking.join(', ')}`,
        why: 'The application changes and deletes rows by itself. Injected SQL can lock this table against everybody.',
      })),
  );
}

function canLogIn({ application }: Proposal, role: string): boolean {
  return application.roles.some((each) => quoted(each.name) === role && each.canLogin);
}

function hasPrimaryKey(table: Table): boolean {
  return (
    table.indexes.some(({ isPrimary }) => isPrimary) ||
    replacements(table).some(({ becomesPrimaryKey }) => becomesPrimaryKey)
  );
}

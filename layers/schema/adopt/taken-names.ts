import { quoted } from './names.ts';
import type { Proposal } from './proposal.ts';
import type { Remark } from './remark.ts';
import { fillTrigger, presenceCheck } from './write/expand.ts';
import { newKeyNames } from './write/foreign-keys.ts';
import { newIndexNames } from './write/indexes.ts';
import { addingTrigger, isRoot } from './write/organizations.ts';

/** The names that the migrations give to something new and that the application has already given. */
export function whyNamesTaken(proposal: Proposal): Remark[] {
  const { application, tenant } = proposal;
  const relations = new Set([
    ...application.tables.flatMap(({ name, indexes }) => [name, ...indexes.map((index) => index.name)]),
    ...[...application.views, ...application.sequences].map(({ name }) => name),
    ...application.tables.flatMap(({ sequences }) => sequences),
  ]);
  return tenant.flatMap((each) => {
    const { table } = each;
    return [
      ...newIndexNames(table)
        .map((name) => `${quoted(table.schema)}.${name}`)
        .filter((name) => relations.has(name)),
      ...[presenceCheck(each), ...newKeyNames(proposal, each)]
        .filter((name) => table.constraints.includes(name))
        .map((name) => `${name} on ${table.name}`),
      ...[fillTrigger, ...(isRoot(proposal, each) ? [addingTrigger] : [])]
        .filter((name) => table.triggers.includes(name))
        .map((name) => `${name} on ${table.name}`),
    ].map((object) => ({
      object,
      says: 'not touched: a migration gives this name to something new',
      remedy: 'Rename it.',
    }));
  });
}

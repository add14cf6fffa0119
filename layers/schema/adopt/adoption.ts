import { fileWords } from './names.ts';
import type { Proposal } from './proposal.ts';
import type { TenancyBook, TenancyFile } from './tenancy-book.ts';
import { backfillTable } from './write/backfill.ts';
import { type Draft, fileOf } from './write/draft.ts';
import { expandTable } from './write/expand.ts';
import { addForeignKeys, replaceForeignKeys } from './write/foreign-keys.ts';
import { buildIndexes, dropOldIndexes } from './write/indexes.ts';
import { admitWriters, closeDatabase, closeOthers } from './write/last-step.ts';
import { followParents } from './write/moves.ts';
import { addOrganizations } from './write/organizations.ts';
import { takeOverObjects, takeOverOthers, takeOverSchemas } from './write/take-over.ts';
import { narrowViews } from './write/views.ts';
import { raiseWall } from './write/wall.ts';

/** The files of an adoption, by their path in its folder. */
export interface Adoption {
  readonly files: ReadonlyMap<string, string>;
  /** The migration after which the application is deployed with the wall's transactions, by its name. */
  readonly lastBeforeContract: string;
}

/** Writes the migrations that put an application behind the wall: expand and backfill first, contract last. */
export function adopt(proposal: Proposal, tenancy: TenancyBook): Adoption {
  const expand = [
    takeOverSchemas(proposal),
    ...tenancy.migrations,
    addOrganizations(proposal),
    ...admitWriters(proposal),
    ...takeOverOthers(proposal),
    ...proposal.tenant.flatMap((tenant) => [
      ...expandTable(proposal, tenant),
      ...followParents(proposal, tenant),
      ...backfillTable(proposal, tenant),
    ]),
    takeOverObjects(proposal),
    buildIndexes(proposal),
    ...addForeignKeys(proposal),
  ];
  const contract = [
    ...replaceForeignKeys(proposal),
    ...proposal.tenant.map((tenant) => raiseWall(proposal, tenant)),
    ...dropOldIndexes(proposal),
    ...closeOthers(proposal),
    ...narrowViews(proposal),
    closeDatabase(proposal),
  ];
  const drafts = [...expand, ...contract].filter(
    (each) => !('statements' in each) || each.statements.length > 0,
  );
  const names = drafts.map((each, index) => `${String(index + 1).padStart(6, '0')}_${topicOf(each)}`);
  const nameOf = (topic: string) => names.find((name) => name.slice(7) === topic) ?? topic;
  return {
    files: new Map([
      ['roles.sql', tenancy.roles],
      ...drafts.map((each, index): [string, string] => [
        `migrations/${names[index]}.sql`,
        'statements' in each ? fileOf(each) : tenancyFile(each, nameOf),
      ]),
      ...tenancy.functions.map((file): [string, string] => [
        `functions/${file.name}.sql`,
        tenancyFile(file, nameOf),
      ]),
    ]),
    lastBeforeContract: names[drafts.length - contract.length - 1] ?? '',
  };
}

function topicOf(each: Draft | TenancyFile): string {
  return 'topic' in each ? each.topic : fileWords(each.name);
}

function tenancyFile({ needs, content }: TenancyFile, nameOf: (topic: string) => string): string {
  const directives = needs.map((need) => `--! needs ${need.includes('/') ? need : nameOf(need)}\n`);
  return `${directives.join('')}${content.replace(/^\n+/, '')}`;
}

import type { Application, Owned, Table } from '../application.ts';
import { quoted } from '../names.ts';
import type { Proposal } from '../proposal.ts';
import { type Draft, topicOf } from './draft.ts';

/** The schemas come to the owner of the wall. Their owners may still create objects in them, until the last step. */
export function takeOverSchemas({ application }: Proposal): Draft {
  return {
    topic: 'schemas',
    directives: ['role none'],
    why: 'The migrations run as stockade_owner, which must own what it changes. The application keeps the use of its schemas.',
    statements: application.schemas
      .filter(({ owner }) => owner !== 'stockade_owner')
      .flatMap((schema) => [
        `alter schema ${schema.name} owner to stockade_owner`,
        ...keepers(application, schema).map(
          (role) => `grant usage, create on schema ${schema.name} to ${role}`,
        ),
      ]),
  };
}

/** Functions, types, sequences and views come to the owner of the wall as well. Their owners go on using them. */
export function takeOverObjects({ application }: Proposal): Draft {
  const { routines, types, sequences, views } = application;
  const granted = (kind: string, object: Owned, privileges: string) =>
    keepers(application, object).map((role) => `grant ${privileges} on ${kind} ${object.name} to ${role}`);
  return {
    topic: 'objects',
    directives: ['role none'],
    why: 'What belongs to the application beside its tables comes to the owner of the wall, and stays in use.',
    statements: [
      ...routines.flatMap((each) => [
        `alter routine ${each.name} owner to stockade_owner`,
        ...granted('routine', each, 'execute'),
      ]),
      ...types.map(
        ({ name, isDomain }) => `alter ${isDomain ? 'domain' : 'type'} ${name} owner to stockade_owner`,
      ),
      ...sequences.flatMap((each) => [
        `alter sequence ${each.name} owner to stockade_owner`,
        ...granted('sequence', each, 'usage, select, update'),
      ]),
      ...views
        .filter(({ isMaterialized }) => !isMaterialized)
        .flatMap((each) => [
          `alter view ${each.name} owner to stockade_owner`,
          ...granted('table', each, 'select, insert, update, delete'),
        ]),
    ],
  };
}

/** A table comes to the owner of the wall, and its owner before keeps what an owner can do with rows. */
export function takeOverTable(application: Application, table: Table): string[] {
  return [
    `alter table ${table.name} owner to stockade_owner`,
    ...table.statistics.map((statistics) => `alter statistics ${statistics} owner to stockade_owner`),
    ...keepers(application, table).flatMap((role) => [
      `grant select, insert, update, delete, truncate, references, trigger on ${table.name} to ${role}`,
      ...table.sequences.map((sequence) => `grant usage, select, update on sequence ${sequence} to ${role}`),
    ]),
  ];
}

/** A table that no organization owns: only its owner changes. */
export function takeOverOthers({ application, shared, bookkeeping }: Proposal): Draft[] {
  return [...shared.map(({ table }) => table), ...bookkeeping].map((table) => ({
    topic: topicOf(table, 'owner'),
    directives: ['role none'],
    why: `${table.name} belongs to no organization. It comes to the owner of the wall.`,
    statements: takeOverTable(application, table),
  }));
}

/** The owner before, unless it is a superuser, who needs no grant. */
function keepers({ roles }: Application, { owner }: Owned): string[] {
  const isPlain = roles.some(({ name, isSuperuser }) => name === owner && !isSuperuser);
  return isPlain && owner !== 'stockade_owner' ? [quoted(owner)] : [];
}

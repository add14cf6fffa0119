import type { ClientBase } from 'pg';
import { inTransaction } from '#platform/postgres/transaction.ts';
import { Refusal } from '#platform/refusal.ts';

/** The first oid of objects created after initdb. Lower oids belong to Postgres itself. */
export const firstOwnOid = 16384;

/** Reads rows of the catalogue. */
export type ReadCatalog = <Row>(sql: string) => Promise<Row[]>;

/** The key of an object: its catalogue and its oid in it. */
export type ObjectKey = `${string}:${string}`;

/** One piece of the dump: the statements that create an object, and its place. */
export interface Piece {
  readonly key: ObjectKey;
  /** Lower ranks come first, as far as dependencies allow. */
  readonly rank: number;
  /** The qualified name: the order within a rank, and the heading. */
  readonly name: string;
  readonly statements: readonly string[];
}

/** The dump does not know something about this object. No dump is better than an incomplete one. */
export class IncompleteDump extends Refusal {
  override readonly name = 'IncompleteDump';

  constructor(what: string) {
    super(
      `the schema has something that the dump cannot write: ${what}`,
      'Add it to layers/schema/catalog, with a line in its round-trip test. Or do not use it.',
    );
  }
}

/**
 * Reads the catalogue in one snapshot, in a session whose settings decide how expressions are printed: with an empty
 * search_path every name is qualified. Expressions are read with `pretty`: its parentheses show how an expression is
 * evaluated, not how it was once typed, so they survive the round trip.
 */
export async function withCatalog<Result>(
  client: ClientBase,
  work: (read: ReadCatalog) => Promise<Result>,
): Promise<Result> {
  return await inTransaction(
    client,
    async () => {
      await client.query(`set local search_path = ''; set local quote_all_identifiers = off`);
      return await work(async <Row>(sql: string) => (await client.query(sql)).rows as Row[]);
    },
    { begin: 'begin isolation level repeatable read read only', ending: 'rollback' },
  );
}

/** A condition for `where`: the object does not belong to Postgres, to an extension or to a temporary schema. */
export function isOwn(catalog: string, oid: string, namespace?: string): string {
  const fromExtension = `exists (select from pg_depend as e
    where e.classid = '${catalog}'::regclass and e.objid = ${oid} and e.deptype = 'e')`;
  const isTemporary = namespace
    ? `and not exists (select from pg_namespace as x where x.oid = ${namespace} and x.nspname ~ '^pg_(temp|toast)')`
    : '';
  return `${oid} >= ${firstOwnOid} and not ${fromExtension} ${isTemporary}`;
}

/** A condition for `where`: the object is a part of another one and created with it, such as the constructors of a range type. */
export function isMadeWith(catalog: string, oid: string): string {
  return `exists (select from pg_depend as m
    where m.classid = '${catalog}'::regclass and m.objid = ${oid} and m.deptype = 'i')`;
}

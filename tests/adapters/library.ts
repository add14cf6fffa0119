import type pg from 'pg';
import type { Tenant } from '#tenancy/tenant.ts';
import type { TransactionMode } from '#tenancy/transaction/entering.ts';

/** Queries of the shop, each written as the library wants them to be written. */
export interface Queries {
  /** The names of all items, sorted. */
  names(): Promise<string[]>;
  nameOf(id: string): Promise<string | undefined>;
  add(id: string, name: string): Promise<unknown>;
  /** The number of changed rows. */
  rename(id: string, name: string): Promise<number>;
  /** Creates a tag and puts it on an item, through the join table. */
  tag(itemId: string, tagId: string): Promise<unknown>;
  labelsOf(itemId: string): Promise<string[]>;
  /** The library's door for SQL as text. */
  raw(text: string): Promise<unknown>;
}

/** A query library over a pool, with its adapter. */
export interface OpenedLibrary {
  inTenant<T>(tenant: Tenant, mode: TransactionMode, work: (queries: Queries) => Promise<T>): Promise<T>;
  /** The same queries on the client itself. */
  readonly outside: Queries;
  close(): Promise<void>;
}

export interface Library {
  /** The `pg` that the library uses. */
  readonly Pool: typeof pg.Pool;
  open(pool: pg.Pool): OpenedLibrary;
  /** The SQLSTATE in an error, as the library reports it. */
  sqlstateOf(error: unknown): string | undefined;
}

/** Whether an error, or one that caused it, says something. Libraries wrap the errors of their driver. */
export function says(what: string | RegExp): (error: unknown) => boolean {
  return (error) => {
    for (let at = error; at instanceof Error; at = at.cause) {
      if (typeof what === 'string' ? at.message.includes(what) : what.test(at.message)) return true;
    }
    return false;
  };
}

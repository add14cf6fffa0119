import type { Client, ClientConfig } from 'pg';
import type { Step } from '../book/book.ts';
import type { Migration } from '../book/migration-files.ts';
import type { IsolationReport } from '../lint/isolation-lint.ts';
import type { IsolationRule } from '../lint/isolation-rules.ts';
import type { BackfillPolicy, BackfillProgress, Filled } from './backfill/apply-backfill.ts';
import type { LockPolicy } from './session.ts';

/** Which database and which files. */
export type MigrationSource = ({ connectionString: string } | { client: ClientConfig }) & {
  /** The folder of `NNNNNN_name.sql` files. The folder `functions` beside it holds the functions. */
  readonly directory: string;
};

export type MigrateOptions = MigrationSource &
  Partial<LockPolicy & BackfillPolicy> & {
    /** The cluster's roles, run before the migrations. Default: `roles.sql` beside the migrations directory. */
    readonly rolesFile?: string;
    /** Stop after this migration: its number or its name. Function files that need a later one wait. Default: the last file. */
    readonly target?: string | number;
    /**
     * The rules of the isolation lint. With them the wall is watched: a run stops after a migration that opens it, and at the
     * newest schema all rules must hold. Without them nothing is checked.
     */
    readonly rules?: readonly IsolationRule[];
    /**
     * The migration that brings the rows behind the wall. A run of a database that did not have it before does not watch the
     * wall on the way: nobody's rows are behind it yet.
     */
    readonly wallFrom?: string;
    /** Only report what would run; nothing is written. */
    readonly dryRun?: boolean;
    /** How long to wait for another runner of the same database. Default: 60,000. */
    readonly turnWaitMs?: number;
    /**
     * Awaited before a migration marked `--! contract` is applied to a database that had migrations before; what it throws
     * stops the run before that file. A dry run asks as well, and reports what is refused.
     */
    readonly beforeContract?: (
      file: Migration,
      client: Client,
      run: { readonly dryRun: boolean },
    ) => Promise<void>;
    /** Awaited in a dry run with the steps of the plan, before the client is closed. */
    readonly onPlan?: (steps: readonly Step[], client: Client) => Promise<void>;
    /** Awaited before the run goes on. */
    readonly onProgress?: (event: MigrationEvent) => void | Promise<void>;
    /** Stops the run after the file at work. */
    readonly signal?: AbortSignal;
  };

export type MigrationEvent =
  | { readonly kind: 'waiting'; readonly holder: string }
  /** Migrations and function files by name, in the order in which they run. */
  | { readonly kind: 'planned'; readonly pending: readonly string[] }
  | { readonly kind: 'applying'; readonly name: string }
  | { readonly kind: 'retrying'; readonly name: string; readonly attempt: number; readonly reason: string }
  /** A backfill waits for others. It is reported again for each other reason, and every ten seconds. */
  | { readonly kind: 'pausing'; readonly name: string; readonly reason: string; readonly pausedMs: number }
  /** The user who migrates cannot see what a pause depends on, so this backfill does not pause. */
  | { readonly kind: 'blind'; readonly name: string }
  /** A batch of a backfill was filled. */
  | ({ readonly kind: 'filling'; readonly name: string } & BackfillProgress)
  | { readonly kind: 'applied'; readonly name: string; readonly durationMs: number };

export interface MigrationReport {
  readonly dryRun: boolean;
  /** How many migrations the database had before. */
  readonly before: number;
  /** The migrations that this run applied, in order. */
  readonly applied: readonly {
    readonly number: number;
    readonly name: string;
    readonly durationMs: number;
    /** Of a backfill: what this run has done. */
    readonly filled?: Filled;
  }[];
  /** The migrations that the book has beyond that: a dry run's plan, or what `target` left out. */
  readonly pending: readonly { readonly number: number; readonly name: string }[];
  /** The same of the function files, `schema/family`. */
  readonly functions: {
    readonly applied: readonly { readonly name: string; readonly durationMs: number }[];
    readonly pending: readonly string[];
  };
  /** With rules: the files after which the wall had new faults, and these faults. The run has stopped there. */
  readonly opened?: { readonly after: readonly string[]; readonly isolation: IsolationReport };
  /** With rules: the result of the isolation lint at the newest schema. */
  readonly isolation?: IsolationReport;
  /** Of a dry run's plan: what would stop the run before it, and why. */
  readonly refused: readonly {
    readonly name: string;
    readonly message: string;
    readonly remedy: string | undefined;
  }[];
}

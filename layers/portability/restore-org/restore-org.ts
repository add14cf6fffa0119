import { mkdir, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type pg from 'pg';
import { exportOrganization } from '../export.ts';
import { writeImport } from '../import.ts';
import { type Manifest, schemaName } from '../manifest.ts';
import { PortabilityError } from '../portability-error.ts';
import { answerOf, inLongTransaction } from '../transaction.ts';
import { verifyExport } from '../verify.ts';
import type { Collision } from './collisions.ts';
import { type Composition, compose } from './compose.ts';
import { type CopiedAt, readCopiedAt } from './copied-at.ts';
import { compareSides, type Side, type TableDifference } from './difference.ts';
import { findOrganization, refuseWorking } from './find-organization.ts';
import { compareOthers, type OthersCompared, observeOthers } from './others.ts';
import type { RestoreMode } from './selection.ts';
import { readTableKeys, readUniqueKeys } from './table-keys.ts';

/** Connections to production and to the restored copy, each named after its role. */
export interface RestoreConnections {
  readonly copyAdmin: pg.ClientBase;
  readonly copyJobs: pg.ClientBase;
  readonly admin: pg.ClientBase;
  readonly jobs: pg.ClientBase;
}

export interface RestoreOptions {
  /** The slug of the organization, in the copy. */
  readonly slug: string;
  readonly mode: RestoreMode;
  /** A folder that does not exist. The state before the restoration stays in it, as an export under `before`. */
  readonly work: string;
  /** Compares, and changes nothing. */
  readonly dryRun?: boolean;
  readonly signal?: AbortSignal | undefined;
  /** Called at the start of a phase and during it, with the number of rows so far, and of all rows. */
  readonly onProgress?: (phase: RestorePhase, rows: number, total: number) => void;
}

export type RestorePhase =
  | 'reading the copy'
  | 'reading production'
  | 'comparing'
  | 'composing'
  | 'digesting the others'
  | 'writing'
  | 'proving';

export interface RestoreReport {
  readonly organization: { readonly id: string; readonly slug: string };
  readonly mode: RestoreMode;
  /** The time up to which the copy is complete, as far as it shows. */
  readonly copiedAt: string;
  readonly copiedAtBy: CopiedAt['by'];
  readonly differences: readonly TableDifference[];
  /** Lost rows that do not come back: nothing refers to them, and another row has their place. */
  readonly leftOut?: readonly Collision[];
  /** In a dry run: why the restoration would be refused. */
  readonly obstacle?: { readonly message: string; readonly remedy: string | undefined } | undefined;
  /** Undefined in a dry run, and when there was nothing to restore. */
  readonly restored?: {
    readonly rows: number;
    readonly receipt: string;
    /** The folder with the export of the state before. Undefined when the organization did not exist. */
    readonly before: string | undefined;
    readonly keysRevoked: number;
    readonly balancesRecomputed: number;
    readonly others: OthersCompared;
  };
}

/**
 * Restores one organization from a restored copy into production: as it was then, or (merge) only the rows that production
 * lacks. It exports production's own rows first, and then replaces them in one transaction. In that transaction it digests
 * every other organization before and after. API keys keep their current state. The organization must be suspended and
 * stays suspended. Other organizations continue to work.
 * @throws PortabilityError when the restoration is not possible, with what to do
 * @throws SK501 when it is not suspended, SK502 when it has changed meanwhile, SK503 when requests do not end
 */
export async function restoreOrganization(
  connections: RestoreConnections,
  { slug, mode, work, dryRun = false, signal, onProgress = () => {} }: RestoreOptions,
): Promise<RestoreReport> {
  const { copyAdmin, copyJobs, admin, jobs } = connections;
  const { id, there } = await findOrganization(copyAdmin, admin, slug);
  if (!dryRun) await takeTurn(admin);
  if (there && !dryRun) refuseWorking(there);
  await makeFolder(work);
  const before = join(work, 'before');
  const sideOf = async (client: pg.ClientBase, folder: string, phase: RestorePhase): Promise<Side> => {
    const onRows = (rows: number, total: number) => onProgress(phase, rows, total);
    const manifest = await exportOrganization(client, id, { to: folder, signal, onProgress: onRows });
    return { folder, manifest };
  };
  let isDone = false;
  try {
    const past = await sideOf(copyJobs, join(work, 'past'), 'reading the copy');
    const present = there && (await sideOf(jobs, before, 'reading production'));
    checkSchemas(past, present);
    const keys = await readTableKeys(admin);
    const uniqueKeys = await readUniqueKeys(admin);
    const copied = await readCopiedAt(copyJobs, id);
    onProgress('comparing', 0, 0);
    const report = {
      organization: { id, slug: there?.slug ?? slug },
      mode,
      copiedAt: copied.at.toISOString(),
      copiedAtBy: copied.by,
      differences: await compareSides(past, present, keys),
    };
    onProgress('composing', 0, 0);
    const after = join(work, 'after');
    const composing = compose(past, present, { mode, to: after, keys, uniqueKeys, signal });
    if (dryRun) return { ...report, ...(await foreseen(composing)) };

    const { manifest, leftOut, ...composed } = await composing;
    if (manifest.receipt === present?.manifest.receipt) return { ...report, leftOut };
    await verifyExport(after, { signal });
    const others = await replace(admin, {
      id,
      present,
      manifest,
      from: after,
      mode,
      copiedAt: report.copiedAt,
      signal,
      onProgress,
    });
    isDone = true;
    const rows = manifest.tables.reduce((sum, table) => sum + table.rows, 0);
    return {
      ...report,
      leftOut,
      restored: {
        ...composed,
        rows,
        receipt: manifest.receipt,
        before: present?.folder,
        others,
      },
    };
  } finally {
    const used = isDone && there ? [join(work, 'past'), join(work, 'after')] : [work];
    await Promise.all(used.map((folder) => rm(folder, { recursive: true, force: true })));
  }
}

/** Creates the folder. Only a new folder may be removed afterwards. */
async function makeFolder(work: string): Promise<void> {
  await mkdir(dirname(work), { recursive: true });
  await mkdir(work, { mode: 0o700 }).catch((cause: NodeJS.ErrnoException) => {
    if (cause.code !== 'EEXIST') throw cause;
    throw new PortabilityError(`${work} already exists`, 'Name a folder that does not exist.', { cause });
  });
}

interface Replacement {
  readonly id: string;
  readonly present: Side | undefined;
  readonly manifest: Manifest;
  readonly from: string;
  readonly mode: RestoreMode;
  readonly copiedAt: string;
  readonly signal: AbortSignal | undefined;
  readonly onProgress: NonNullable<RestoreOptions['onProgress']>;
}

/** The one transaction: it replaces all rows of the organization and touches no other, or changes nothing. */
async function replace(
  admin: pg.ClientBase,
  { id, present, manifest, from, mode, copiedAt, signal, onProgress }: Replacement,
): Promise<OthersCompared> {
  const receipt = present ? Buffer.from(present.manifest.receipt, 'hex') : null;
  // Read committed: it must see what others committed while it waited for their requests to end.
  return await inLongTransaction(admin, { begin: 'begin isolation level read committed' }, async () => {
    onProgress('digesting the others', 0, 0);
    const before = await observeOthers(admin, id);
    const erased = receipt
      ? await answerOf<Record<string, number>>(admin, 'tenancy.erase_organization($1, $2)', [id, receipt])
      : {};
    await writeImport(admin, manifest, {
      from,
      signal,
      onProgress: (phase, rows, total) =>
        onProgress(phase === 'proving' ? 'proving' : 'writing', rows, total),
    });
    onProgress('digesting the others', 0, 0);
    const proof = compareOthers(before, await observeOthers(admin, id), erased);
    signal?.throwIfAborted();
    await answerOf(admin, 'recovery.note_restoration($1, $2, $3, $4, $5, $6, $7)', [
      id,
      mode,
      copiedAt,
      receipt,
      Buffer.from(manifest.receipt, 'hex'),
      proof.organizations,
      proof.changedByThemselves,
    ]);
    // Nothing has been changed up to here.
    signal?.throwIfAborted();
    return proof;
  });
}

/** What the restoration would leave out, or why it would be refused. */
async function foreseen(
  composing: Promise<Composition>,
): Promise<Pick<RestoreReport, 'leftOut' | 'obstacle'>> {
  try {
    return { leftOut: (await composing).leftOut };
  } catch (error) {
    if (!(error instanceof PortabilityError)) throw error;
    return { obstacle: { message: error.message, remedy: error.remedy } };
  }
}

function checkSchemas({ manifest: past }: Side, present: Side | undefined): void {
  if (!present || present.manifest.schema.book === past.schema.book) return;
  throw new PortabilityError(
    `the copy has the schema ${schemaName(past.schema)}, but production has ${schemaName(present.manifest.schema)}`,
    'Bring the copy to the schema of production: npm run migrate:all -- --database-url <url of the copy>.',
  );
}

/** The key of the advisory lock ("STKD", "REST"). One restoration per database holds it until its connection ends. */
const turnKey = [0x53544b44, 0x52455354];

/** Without it, one of two restorations could read the leftovers of the other, or both could wait for each other's users. */
async function takeTurn(admin: pg.ClientBase): Promise<void> {
  const { rows } = await admin.query<{ taken: boolean }>(
    'select pg_try_advisory_lock($1, $2) as taken',
    turnKey,
  );
  if (rows[0]?.taken) return;
  throw new PortabilityError(
    'another organization is being restored now',
    'Run it again when that has finished. Nothing was changed.',
  );
}

import type pg from 'pg';
import { endStatementsAt } from '#platform/postgres/statement-deadline.ts';
import { inTransaction } from '#platform/postgres/transaction.ts';
import { genesisHash, type Seal, sealHash } from './seal.ts';
import { type AnchorCheck, Anchors } from './verify/anchors.ts';
import { Changes, compareClosings } from './verify/closings.ts';
import { compareMovements } from './verify/compare.ts';
import { compareEntries } from './verify/entries.ts';
import { type Fault, Faults } from './verify/fault.ts';
import { readSealedLeaves } from './verify/leaves.ts';
import { readMovements } from './verify/movements.ts';
import { type FoundHistory, readUnchanged } from './verify/unchanged.ts';
import { type OlderSeals, olderSeals, versionFault } from './version.ts';

export interface LedgerReport {
  /** Nothing differs, and everything could be compared. */
  readonly ok: boolean;
  readonly seals: number;
  readonly movements: number;
  /** The number of movements since the last seal. They are not verified. */
  readonly unsealed: number;
  readonly anchors: AnchorCheck;
  /** What seals of an older version do not cover. Empty when all seals have the newest version. */
  readonly olderSeals: readonly OlderSeals[];
  /** The number of all faults. `faults` contains the first hundred, in the order of history. */
  readonly faultCount: number;
  readonly faults: readonly Fault[];
}

export interface VerifyOptions {
  /** The database is a copy of this instant: it cannot contain seals that were created later. */
  readonly asOf?: Date | undefined;
  readonly signal?: AbortSignal | undefined;
  /** When to give up, on the clock of `performance.now()`. It then fails with an error that isOutOfTime() recognizes. */
  readonly endsAtMs?: number | undefined;
  /** Called after each seal. */
  readonly onSeal?: (seal: Seal) => void;
}

/**
 * Computes every seal of an organization again from the stored movements, and reports what is altered, missing or
 * inserted: movements, closing balances, pages, seals and anchors. It keeps the balances of one seal in memory and reads one
 * snapshot, so writers can continue meanwhile. It shares no code with the sealing, which is written in SQL.
 * `jobs` is a connection as stockade_jobs, outside of a transaction.
 */
export async function verifyLedger(
  jobs: pg.ClientBase,
  orgId: string,
  options: VerifyOptions = {},
): Promise<LedgerReport> {
  // Before the snapshot: a seal is created before its anchor, so the snapshot contains the seals of all listed anchors.
  const opened = await Anchors.open(orgId);
  return await inTransaction(
    jobs,
    async () => {
      await jobs.query('select tenancy.enter_as_job($1)', [orgId]);
      return await verifySnapshot(jobs, orgId, opened, options);
    },
    { begin: 'begin isolation level repeatable read read only' },
  );
}

async function verifySnapshot(
  snapshot: pg.ClientBase,
  orgId: string,
  opened: Anchors | { readonly couldNotRun: string },
  { asOf, signal, endsAtMs, onSeal }: VerifyOptions,
): Promise<LedgerReport> {
  const faults = new Faults();
  const anchors = opened instanceof Anchors ? opened : undefined;
  let couldNotRun = opened instanceof Anchors ? undefined : opened.couldNotRun;
  const versions: Pick<Seal, 'seq' | 'version'>[] = [];
  let movements = 0;
  let last: Seal | undefined;
  for (;;) {
    signal?.throwIfAborted();
    await endStatementsAt(snapshot, endsAtMs);
    const next = await readSeal(snapshot, orgId, last?.seq ?? 0);
    if (!next) break;
    const { seal, buckets } = next;
    checkChain(orgId, last, seal, faults);
    const after = last?.boundary ?? null;
    // The fast comparison reads the leaves of the newest version only.
    const unchanged = seal.version === 1 ? undefined : await readUnchanged(snapshot, orgId, seal, after);
    const found = unchanged ?? (await reportDifferences(snapshot, orgId, seal, after, faults));
    const posted = { entries: found.entries, isUnchanged: unchanged !== undefined };
    await compareEntries(snapshot, orgId, { seal, after }, posted, faults);
    movements += found.movements;
    await compareClosings(snapshot, orgId, seal, found.changes, faults);
    couldNotRun ??= (await anchors?.compare(seal, buckets, faults))?.couldNotRun;
    versions.push({ seq: seal.seq, version: seal.version });
    last = seal;
    onSeal?.(seal);
  }
  await checkBoundary(snapshot, orgId, last, faults);
  const check: AnchorCheck =
    couldNotRun === undefined && anchors
      ? await anchors.finish(last?.seq ?? 0, faults, asOf)
      : { status: 'could not run', reason: couldNotRun ?? '' };
  return {
    ok: faults.count === 0 && check.status === 'compared',
    seals: versions.length,
    movements,
    unsealed: await countUnsealed(snapshot, orgId, last),
    anchors: check,
    olderSeals: olderSeals(versions),
    faultCount: faults.count,
    faults: faults.told,
  };
}

/** Compares movement by movement, once it is known that some differ. */
async function reportDifferences(
  snapshot: pg.ClientBase,
  orgId: string,
  seal: Seal,
  after: string | null,
  faults: Faults,
): Promise<FoundHistory> {
  const changes = new Changes();
  const entries = new Set<string>();
  let movements = 0;
  await compareMovements(
    seal,
    readMovements(snapshot, orgId, seal, after),
    readSealedLeaves(snapshot, orgId, seal, faults),
    faults,
    (movement) => {
      movements += 1;
      entries.add(movement.entryId);
      changes.add(movement);
    },
  );
  return { movements, entries: entries.size, changes };
}

async function readSeal(
  snapshot: pg.ClientBase,
  orgId: string,
  afterSeq: number,
): Promise<{ readonly seal: Seal; readonly buckets: readonly string[] } | undefined> {
  const { rows } = await snapshot.query<{ seal: Seal; buckets: string[] }>(
    `select
       inventory.seal_json(s) as seal,
       array(select a.bucket from inventory.seal_anchors a where a.org_id = s.org_id and a.seq = s.seq) as buckets
     from inventory.seals s
     where s.org_id = $1 and s.seq > $2
     order by s.seq
     limit 1`,
    [orgId, afterSeq],
  );
  return rows[0];
}

function checkChain(orgId: string, previous: Seal | undefined, seal: Seal, faults: Faults): void {
  const expectedSeq = (previous?.seq ?? 0) + 1;
  if (seal.seq !== expectedSeq) {
    faults.add({
      kind: 'seal_missing',
      seal: expectedSeq,
      message: `seal ${expectedSeq} is missing: the next seal is ${seal.seq}`,
    });
  }
  const hash = sealHash(orgId, seal);
  const version = versionFault(previous, seal);
  if (version) {
    faults.add({ kind: 'seal_version', seal: seal.seq, message: version });
  } else if (hash !== seal.hash) {
    faults.add({
      kind: 'seal_altered',
      seal: seal.seq,
      message: `the fields of seal ${seal.seq} have the hash ${hash}, but the seal contains ${seal.hash}: one of them was altered`,
    });
  } else if (
    seal.previousHash !== (previous?.hash ?? genesisHash) ||
    seal.afterEntry !== (previous?.boundary ?? null)
  ) {
    faults.add({
      kind: 'chain_broken',
      seal: seal.seq,
      message: `seal ${seal.seq} does not follow from ${previous ? `seal ${previous.seq} as it is now` : 'nothing, as the first seal must'}`,
    });
  }
}

/** If the boundary were lower than the last seal, movements could still be inserted into sealed history. */
async function checkBoundary(
  snapshot: pg.ClientBase,
  orgId: string,
  last: Seal | undefined,
  faults: Faults,
): Promise<void> {
  if (!last) return;
  const { rowCount } = await snapshot.query(
    'select from inventory.seal_boundaries where org_id = $1 and boundary >= $2',
    [orgId, last.boundary],
  );
  if (rowCount) return;
  faults.add({
    kind: 'boundary_altered',
    seal: last.seq,
    message: `the ledger is sealed up to entry ${last.boundary}, but the boundary that protects it from later movements is missing or lower`,
  });
}

async function countUnsealed(
  snapshot: pg.ClientBase,
  orgId: string,
  last: Seal | undefined,
): Promise<number> {
  const { rows } = await snapshot.query<{ n: string }>(
    'select count(*) as n from inventory.movements where org_id = $1 and ($2::uuid is null or entry_id > $2)',
    [orgId, last?.boundary ?? null],
  );
  return Number(rows[0]?.n);
}

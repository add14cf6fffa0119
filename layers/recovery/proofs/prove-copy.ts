import { Client } from 'pg';
import { isSqlError } from '#platform/postgres/sqlstate.ts';
import { proveBalances } from './balances.ts';
import { proveHeartbeat } from './heartbeat.ts';
import { proveIsolation } from './isolation.ts';
import { measureLoss } from './loss.ts';
import { proveOrganizations } from './organizations.ts';
import { isDamage, proveHeap, proveIndexes } from './pages.ts';
import {
  DoesNotApply,
  Findings,
  type Proof,
  type ProofContext,
  type ProofName,
  type ProofOutcome,
  proofNames,
  TakenOver,
} from './proof.ts';
import { proveReferences } from './references.ts';
import { proveSchema } from './schema.ts';
import { proveSeals } from './seals.ts';
import { proveSequences } from './sequences.ts';

const proofs: Readonly<Record<ProofName, Proof>> = {
  schema: proveSchema,
  isolation: proveIsolation,
  heap: proveHeap,
  indexes: proveIndexes,
  references: proveReferences,
  sequences: proveSequences,
  organizations: proveOrganizations,
  balances: proveBalances,
  seals: proveSeals,
  heartbeat: proveHeartbeat,
  loss: measureLoss,
};

/**
 * Looking at every page keeps one core of the server busy for longer than all else, so it goes on beside all else. It never
 * holds the lock of more than one table and its index, and so nobody who waits for it is waited for.
 */
const pageProofs: readonly ProofName[] = ['heap', 'indexes'];

/** What the proofs of a database came to. */
export interface ProofReport {
  /** Every proof that applies ran, and none found a fault. */
  readonly ok: boolean;
  readonly durationMs: number;
  readonly outcomes: readonly ProofOutcome[];
}

export interface ProveOptions extends Omit<ProofContext, 'connect'> {
  /** Called with each proof that is done: two are under way at a time. */
  readonly onOutcome?: (outcome: ProofOutcome) => void;
}

/**
 * Proves a restored database: what it says of itself must be what follows from it, from the release, and from what was
 * written down outside. Nothing in it is changed, but much of it is locked: it is for a copy that nobody uses. A proof that
 * cannot run is in the report, and the report is then not ok.
 * @throws TakenOver when the password stops being good on the way
 */
export async function proveCopy({ onOutcome, signal, ...options }: ProveOptions): Promise<ProofReport> {
  const startedMs = performance.now();
  const outcomes: ProofOutcome[] = [];
  const inTurn = async (names: readonly ProofName[]) => {
    for (const name of names) {
      signal?.throwIfAborted();
      const outcome = await runProof(name, { ...options, signal });
      outcomes.push(outcome);
      onOutcome?.(outcome);
    }
  };
  // Both come to their end before anything is said: a connection that is left would keep what it has locked.
  const lanes = await Promise.allSettled([
    inTurn(pageProofs),
    inTurn(proofNames.filter((name) => !pageProofs.includes(name))),
  ]);
  for (const lane of lanes) if (lane.status === 'rejected') throw lane.reason;
  return {
    ok: outcomes.every(({ verdict }) => verdict === 'passed' || verdict === 'does not apply'),
    durationMs: performance.now() - startedMs,
    outcomes: proofNames.flatMap((name) => outcomes.filter(({ proof }) => proof === name)),
  };
}

async function runProof(proof: ProofName, options: Omit<ProofContext, 'connect'>): Promise<ProofOutcome> {
  const startedMs = performance.now();
  const findings = new Findings();
  const opened: Client[] = [];
  let verdict: ProofOutcome['verdict'] | undefined;
  try {
    await proofs[proof]({ ...options, connect: () => open(options.connectionString, opened) }, findings);
  } catch (error) {
    options.signal?.throwIfAborted();
    if (error instanceof TakenOver) throw error;
    // What was found is found, although not everything applies.
    if (!(error instanceof DoesNotApply && findings.count > 0)) {
      // Pages that make no sense may be met by any proof.
      if (!isDamage(error)) verdict = error instanceof DoesNotApply ? 'does not apply' : 'could not run';
      findings.fault((error as Error).message);
    }
  } finally {
    await Promise.all(opened.map((client) => client.end().catch(() => {})));
  }
  return {
    proof,
    verdict: verdict ?? (findings.count === 0 ? 'passed' : 'failed'),
    faults: findings.told,
    faultCount: findings.count,
    figures: findings.figures,
    durationMs: performance.now() - startedMs,
  };
}

/** SQLSTATE of a password that is not the right one. */
const wrongPassword = '28P01';

async function open(connectionString: string, opened: Client[]): Promise<Client> {
  const client = new Client({
    connectionString,
    application_name: 'stockade-proof',
    connectionTimeoutMillis: 10_000,
  });
  opened.push(client);
  // A connection that is lost between statements fails the next one; without a listener it would end the process.
  client.on('error', () => {});
  await client.connect().catch((error: unknown) => {
    throw isSqlError(error) && error.code === wrongPassword ? new TakenOver() : error;
  });
  await client.query('set statement_timeout = 0; set lock_timeout = 0; set jit = off');
  return client;
}

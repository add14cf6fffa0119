import { Client } from 'pg';
import { connectNoted } from '#platform/postgres/connection-failures.ts';
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
 * The proofs that read every page. They keep one core of the server busy for longer than all others together, so they run
 * at the same time as the others. They lock only one table and its index at a time, so no deadlock is possible.
 */
const pageProofs: readonly ProofName[] = ['heap', 'indexes'];

/** The result of all proofs of a database. */
export interface ProofReport {
  /** True when every proof that applies has passed. */
  readonly ok: boolean;
  readonly durationMs: number;
  readonly outcomes: readonly ProofOutcome[];
}

export interface ProveOptions extends Omit<ProofContext, 'connect'> {
  /** The proofs to run. Default: all. */
  readonly only?: readonly ProofName[];
  /** Called after each proof. Two proofs run at a time. */
  readonly onOutcome?: (outcome: ProofOutcome) => void;
}

/**
 * Proves a restored database: it must agree with itself, with the release, and with the records outside the database. The
 * proofs change nothing, but lock many tables: use them only on a copy that nobody works with. A proof that could not run
 * makes the report not ok.
 * @throws TakenOver when another run changes the master password meanwhile
 */
export async function proveCopy({
  only = proofNames,
  onOutcome,
  signal,
  ...options
}: ProveOptions): Promise<ProofReport> {
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
  // Wait for both lanes before raising: an open connection would keep its locks.
  const lanes = await Promise.allSettled([
    inTurn(only.filter((name) => pageProofs.includes(name))),
    inTurn(only.filter((name) => !pageProofs.includes(name))),
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
    // Faults count even when the rest of the proof does not apply.
    if (!(error instanceof DoesNotApply && findings.count > 0)) {
      // Any proof can hit a damaged page, and that is a fault of the copy.
      if (!isDamage(error)) verdict = error instanceof DoesNotApply ? 'does not apply' : 'could not run';
      findings.fault((error as Error).message);
    }
  } finally {
    await Promise.all(opened.map((client) => client.end().catch(() => {})));
  }
  return {
    proof,
    verdict: verdict ?? (findings.count === 0 ? 'passed' : 'failed'),
    faults: findings.faults,
    faultCount: findings.count,
    figures: findings.figures,
    durationMs: performance.now() - startedMs,
  };
}

/** The SQLSTATE of a wrong password. */
const wrongPassword = '28P01';

async function open(connectionString: string, opened: Client[]): Promise<Client> {
  const client = new Client({
    connectionString,
    application_name: 'stockade-proof',
    connectionTimeoutMillis: 10_000,
  });
  opened.push(client);
  await connectNoted(client).catch((error: unknown) => {
    throw isSqlError(error) && error.code === wrongPassword ? new TakenOver() : error;
  });
  await client.query('set statement_timeout = 0; set lock_timeout = 0; set jit = off');
  return client;
}

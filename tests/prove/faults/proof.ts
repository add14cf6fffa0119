import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { findPlants, type PlantResult } from './checker/plants.ts';
import type { Fault } from './fault.ts';
import type { Journal } from './journal.ts';
import { apiFaults, quiet } from './kinds/api-faults.ts';
import { awsFaults } from './kinds/aws-faults.ts';
import { databaseFaults } from './kinds/database-faults.ts';
import { wireFaults } from './kinds/wire-faults.ts';
import { type FaultRun, runUnderFault } from './run-fault.ts';
import { type AttackedServer, startAttackedServer } from './server.ts';

export const faults: readonly Fault[] = [...apiFaults, ...databaseFaults, ...wireFaults, ...awsFaults];

export interface FaultProof {
  readonly runs: readonly FaultRun[];
  /** Whether the checker found each planted loss. */
  readonly plants: readonly PlantResult[];
  /** The faults that cannot be done on this machine, and why. */
  readonly skipped: readonly { readonly fault: string; readonly because: string }[];
  readonly durationMs: number;
}

export interface ProofOptions {
  readonly faults: readonly Fault[];
  /** How often each fault strikes. */
  readonly runs: number;
  readonly organizations: number;
  readonly clientsEach: number;
  readonly signal: AbortSignal;
  readonly onRun?: (run: FaultRun) => void;
}

export const held = ({ findings }: FaultRun): boolean => findings.length === 0;

export function isProven({ runs, plants }: FaultProof): boolean {
  return runs.every(held) && plants.every(({ found }) => found);
}

/**
 * Lets each fault strike a server of its own while clients work. The first run is without a fault, and losses are planted into
 * what it has left.
 */
export async function proveFaults(options: ProofOptions): Promise<FaultProof> {
  const startedMs = performance.now();
  await using server = await startAttackedServer();
  const runs: FaultRun[] = [];
  let plants: readonly PlantResult[] = [];
  const skipped: { fault: string; because: string }[] = [];
  for (const fault of [quiet, ...options.faults.filter((fault) => fault !== quiet)]) {
    const because = fault.cannot?.(server);
    if (because !== undefined) {
      skipped.push({ fault: fault.name, because });
      continue;
    }
    for (let run = 0; run < options.runs; run += 1) {
      options.signal.throwIfAborted();
      const result = await runOn(server, fault, options, async (journal) => {
        if (plants.length === 0) plants = await findPlants(server.adminUrl, journal);
      });
      runs.push(result);
      options.onRun?.(result);
    }
  }
  return { runs, plants, skipped, durationMs: performance.now() - startedMs };
}

async function runOn(
  server: AttackedServer,
  fault: Fault,
  options: ProofOptions,
  tryChecker: (journal: Journal) => Promise<void>,
): Promise<FaultRun> {
  const awsFolder = fault.needsAws && (await mkdtemp(join(tmpdir(), 'stockade-faults-aws-')));
  try {
    return await runUnderFault(fault, {
      ...options,
      adminUrl: server.adminUrl,
      server,
      awsFolder,
      onChecked: async (journal) => {
        if (fault === quiet) await tryChecker(journal);
        await retire(server, journal);
      },
    });
  } finally {
    await server.ensureRunning();
    if (awsFolder) await rm(awsFolder, { recursive: true, force: true });
  }
}

/** The jobs of a later run then have nothing to do with the organizations of this one. */
async function retire(server: AttackedServer, journal: Journal): Promise<void> {
  const ids = [...new Set(journal.map(({ organization }) => organization.id))];
  await server.asSuperuser((superuser) =>
    superuser.query(
      `insert into inventory.reconciliation_state (org_id, due_at) select id, '9999-01-01' from unnest($1::uuid[]) id
       on conflict (org_id) do update set due_at = excluded.due_at`,
      [ids],
    ),
  );
}

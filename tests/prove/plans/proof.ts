import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { closeAwsClients } from '#platform/aws/call.ts';
import { startLocalAws } from '#scripts/local/aws/loopback.ts';
import { cloneDatabase } from '../clone.ts';
import { jobSteps } from './job-steps.ts';
import type { LedgerShape } from './ledgers.ts';
import { gather } from './party.ts';
import { plantLedgers } from './plant.ts';
import { readSteps } from './read-steps.ts';
import type { Reason } from './reasons.ts';
import { recordPlans } from './recording.ts';
import { type ProvenStatement, Statements } from './statements.ts';
import type { Step } from './step.ts';
import { writeSteps } from './write-steps.ts';

export interface PlansProof {
  readonly ledgers: readonly string[];
  readonly steps: number;
  readonly statements: readonly ProvenStatement[];
  /** The reasons for which faults were accepted. */
  readonly used: readonly Reason[];
}

export interface PlansOptions {
  readonly ledgers: readonly LedgerShape[];
  /** Only the steps with this text in their names. */
  readonly only?: string | undefined;
  readonly signal?: AbortSignal | undefined;
  readonly onLedger?: (name: string) => void;
  /** How many steps were taken, on all databases. */
  readonly onStep?: (done: number, total: number) => void;
}

/** The jobs first: what they seal is read by the others. */
export const steps: readonly Step[] = [...jobSteps, ...writeSteps, ...readSteps];

/** Where the databases are. */
export interface ProvingServer {
  readonly clusterUrl: string;
  readonly template: string;
  readonly logFile: string;
}

/** Takes all steps on databases of different sizes, and looks at the plan of every statement that was run. */
export async function provePlans(
  { clusterUrl, template, logFile }: ProvingServer,
  { ledgers, only = '', signal, onLedger, onStep }: PlansOptions,
): Promise<PlansProof> {
  const chosen = new Set(steps.filter(({ name }) => name.includes(only)));
  // What the jobs seal is there for every step.
  const taken = steps.filter((step) => chosen.has(step) || jobSteps.includes(step));
  const found = new Statements();
  await using _ = await localAws();
  let done = 0;
  for (const ledger of ledgers) {
    onLedger?.(ledger.name);
    await using clone = await cloneDatabase(clusterUrl, template);
    const planted = await plantLedgers(clone.url, ledger);
    const recording = await recordPlans(clone.url, logFile);
    await using party = await gather(clone.url, planted.asked);
    await recording.take();
    for (const step of taken) {
      signal?.throwIfAborted();
      try {
        for (let time = 0; time < (step.times ?? 1); time += 1) await step.take(party);
      } catch (cause) {
        throw new Error(`the step failed: ${step.name}, ${ledger.name}`, { cause });
      }
      for (const statement of await recording.take())
        if (chosen.has(step)) found.note(statement, ledger.name, step.name, planted);
      done += 1;
      onStep?.(done, ledgers.length * taken.length);
    }
  }
  return { ledgers: ledgers.map(({ name }) => name), steps: chosen.size, ...found.judge() };
}

/** Buckets and topics for the jobs, in a folder of their own. */
async function localAws(): Promise<AsyncDisposable> {
  const directory = await mkdtemp(join(tmpdir(), 'stockade-plans-'));
  const aws = await startLocalAws({ directory, durable: false });
  Object.assign(process.env, aws.env);
  return {
    async [Symbol.asyncDispose]() {
      closeAwsClients();
      await aws.close();
      await rm(directory, { recursive: true, force: true });
    },
  };
}

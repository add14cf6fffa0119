import { setTimeout as delay } from 'node:timers/promises';
import { asSuperuser } from '../clone.ts';
import { type AttackedOptions, openAttacked } from './attacked.ts';
import { checkAnswers } from './checker/check-answers.ts';
import { checkLedger, type Finding, finding } from './checker/check-ledger.ts';
import { type Records, readRecords } from './checker/records.ts';
import type { Fault } from './fault.ts';
import { type Journal, longestOutageMs, type Outcome, outcomeOf, outcomeOfAttempt } from './journal.ts';
import { type Load, startLoad } from './load.ts';

/** What one run under one fault has shown. */
export interface FaultRun {
  readonly fault: string;
  /** How often the fault struck. */
  readonly struck: number;
  readonly requests: number;
  /** Writes by what their clients know at the end. */
  readonly writes: Readonly<Record<Outcome, number>>;
  /** Writes that took several attempts. */
  readonly repeated: number;
  readonly longestOutageMs: number;
  readonly durationMs: number;
  /** Empty when every promise was kept. */
  readonly findings: readonly Finding[];
}

export interface RunOptions extends AttackedOptions {
  readonly clientsEach: number;
  readonly signal: AbortSignal;
  /** Sees what the checker saw. */
  readonly onChecked?: (journal: Journal, records: Records) => Promise<void>;
}

/** How long the clients work after the fault. */
const recoveryMs = 1_000;
/** How long the database may still work on requests that their clients have given up. */
const idleMs = 20_000;

/** Lets clients work, strikes, and compares their answers with what is stored. */
export async function runUnderFault(fault: Fault, options: RunOptions): Promise<FaultRun> {
  const startedMs = performance.now();
  await using attacked = await openAttacked(options);
  const { adminUrl, api, organizations } = attacked;
  const load = startLoad({ organizations, clientsEach: options.clientsEach, url: api.url });
  const strike = await during(load, async () => {
    await load.warmUp();
    options.signal.throwIfAborted();
    const struck = await fault.strike(attacked, options.signal);
    await delay(recoveryMs, undefined, { signal: options.signal });
    return struck;
  });
  const unanswered = await load.settle();
  const { journal } = load;
  const records = await asSuperuser(adminUrl, async (superuser) => {
    await untilIdle(superuser);
    return await readRecords(superuser, organizations);
  });
  await options.onChecked?.(journal, records);
  const wrong = [
    ...(strike.times > 0 ? [] : ['the fault did not strike']),
    ...(strike.wrong ?? []),
    ...(fault.isSilent ? noticed(journal) : []),
  ];
  const writes = journal.filter((operation) => operation.writes);
  const withOutcome = (outcome: Outcome) => writes.filter((each) => outcomeOf(each) === outcome).length;
  return {
    fault: fault.name,
    struck: strike.times,
    requests: journal.reduce((sum, { attempts }) => sum + attempts.length, 0),
    writes: {
      acknowledged: withOutcome('acknowledged'),
      refused: withOutcome('refused'),
      unknown: withOutcome('unknown'),
    },
    repeated: writes.filter((each) => each.attempts.some((attempt) => !isFinal(attempt))).length,
    longestOutageMs: longestOutageMs(journal),
    durationMs: performance.now() - startedMs,
    findings: [
      ...checkLedger(journal, records),
      ...checkAnswers(journal, fault.refusals ?? []),
      ...unanswered.map(({ what, path }) =>
        finding('not recovered', `${what} ${path} had no answer in the end`),
      ),
      ...wrong.map((text) => finding('wrong answer', text)),
    ],
  };
}

/** Stops the clients whether the work succeeds or fails. */
async function during<T>(load: Load, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } finally {
    await load.stop();
  }
}

const isFinal = (attempt: Journal[number]['attempts'][number]) =>
  outcomeOfAttempt(attempt) !== 'unknown' && attempt.answer?.status !== 503;

/** What requests noticed of a fault that is none of theirs. */
function noticed(journal: Journal): string[] {
  return journal.flatMap(({ what, attempts }) =>
    attempts
      .filter((attempt) => !isFinal(attempt))
      .map(({ answer }) => `${what} noticed a fault that is none of its own: ${answer?.text ?? 'no answer'}`),
  );
}

async function untilIdle(superuser: Parameters<typeof readRecords>[0]): Promise<void> {
  const untilMs = performance.now() + idleMs;
  while (performance.now() < untilMs) {
    const { rowCount } = await superuser.query(
      `select from pg_stat_activity
       where datname = current_database() and usename = 'stockade_api' and xact_start is not null`,
    );
    if (!rowCount) return;
    await delay(50);
  }
}

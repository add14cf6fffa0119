import type { CheckResult, CheckStatus } from '#recovery/monitor/check.ts';
import type { ProofName, ProofOutcome } from '#recovery/proofs/proof.ts';
import type { RecoveryFixture } from './fixture.ts';

/** Who can report a fault: a proof of a copy, a check of the monitor, or the drill with its verdict. */
export type Reporter = `proof ${ProofName}` | `check ${string}` | 'drill';

/** The result of one reporter. */
export interface Said {
  readonly by: Reporter;
  /** `passed`, `warned`, `failed`, `could not run`, `does not apply`; for a drill also `no verdict`. */
  readonly verdict: string;
  /** Whether the result raises an alarm. `could not run` does. */
  readonly alarms: boolean;
  readonly detail: string;
}

/** The results after a sabotage. */
export interface Sighting {
  /** The result of every reporter that was asked. */
  readonly said: readonly Said[];
  /** A note for the table, such as the result of count(*). */
  readonly note?: string | undefined;
  /** Faults of the attempt itself, independent of the reporters. */
  readonly faults?: readonly string[];
}

/** One way to make a backup useless or impossible to restore, and who must report it. */
export interface Sabotage {
  readonly name: string;
  /** All of these must report it. Nobody else may, except `mayReport`. Empty for a healthy backup. */
  readonly reporters: readonly Reporter[];
  /** Those that may report it or not: it depends on a query plan, or on the contents of a damaged row. */
  readonly mayReport?: readonly Reporter[];
  /** One of the reports must match this. */
  readonly says?: RegExp;
  /** Commits the sabotage, asks the reporters, and repairs the damage. */
  readonly commit: (fixture: RecoveryFixture) => Promise<Sighting>;
}

export function saidByProofs(outcomes: readonly ProofOutcome[]): Said[] {
  return outcomes.map(({ proof, verdict, faults }) => ({
    by: `proof ${proof}` as const,
    verdict,
    alarms: verdict === 'failed' || verdict === 'could not run',
    detail: faults.join('\n'),
  }));
}

const verdictOf: Readonly<Record<CheckStatus, string>> = {
  ok: 'passed',
  warn: 'warned',
  fail: 'failed',
  could_not_run: 'could not run',
  not_applicable: 'does not apply',
};

export function saidByChecks(results: readonly CheckResult[]): Said[] {
  return results.map(({ check, status, summary }) => ({
    by: `check ${check}` as const,
    verdict: verdictOf[status],
    alarms: status !== 'ok' && status !== 'not_applicable',
    detail: summary,
  }));
}

/** The result of one sabotage. */
export interface SabotageResult {
  readonly name: string;
  /** The reports that raised an alarm. */
  readonly told: readonly Said[];
  readonly note: string | undefined;
  /** Missing and wrong reports, and faults of the attempt; empty when everything is correct. */
  readonly faults: readonly string[];
  readonly durationMs: number;
}

/** Commits a sabotage, and compares the reports with those that it must cause. */
export async function commitSabotage(
  fixture: RecoveryFixture,
  { name, reporters, mayReport = [], says, commit }: Sabotage,
): Promise<SabotageResult> {
  const startedMs = performance.now();
  const {
    said,
    note,
    faults: others = [],
  } = await commit(fixture).catch(
    (error: Error): Sighting => ({ said: [], faults: [`the attempt failed: ${error.message}`] }),
  );
  const told = said.filter(({ alarms }) => alarms);
  const missed = reporters.filter((reporter) => !told.some(({ by }) => by === reporter));
  const faults = [
    ...missed.map((reporter) => {
      const instead = said.find(({ by }) => by === reporter);
      return `${reporter} ${instead ? `reports ${instead.verdict}` : 'was not asked'}`;
    }),
    ...told
      .filter(({ by }) => ![...reporters, ...mayReport].includes(by))
      .map(({ by, verdict, detail }) => `${by} reports ${verdict} without reason: ${detail.split('\n')[0]}`),
    ...(says && !told.some(({ detail }) => says.test(detail)) ? [`no report matches ${says}`] : []),
    ...others,
  ];
  return { name, told, note, faults, durationMs: performance.now() - startedMs };
}

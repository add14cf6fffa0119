import type { CheckResult, CheckStatus } from '#recovery/monitor/check.ts';
import type { ProofName, ProofOutcome } from '#recovery/proofs/proof.ts';
import type { RecoveryStage } from './stage.ts';

/** Who can tell that something is wrong: a proof of a copy, a check of the monitor, or the drill with its verdict. */
export type Teller = `proof ${ProofName}` | `check ${string}` | 'drill';

/** What one of them has said. */
export interface Said {
  readonly by: Teller;
  /** `passed`, `warned`, `failed`, `could not run`, `does not apply`; of a drill also `no verdict`. */
  readonly verdict: string;
  /** Whether that makes somebody look. What could not run does. */
  readonly alarms: boolean;
  readonly detail: string;
}

/** What was seen of a sabotage. */
export interface Sighting {
  /** All that everybody who was asked has said. */
  readonly said: readonly Said[];
  /** What else is to be seen in the table, such as what count(*) says. */
  readonly note?: string | undefined;
  /** What is not as it must be, whoever has told. */
  readonly faults?: readonly string[];
}

/** One way in which a backup is none, or cannot be brought back, and who must tell. */
export interface Sabotage {
  readonly name: string;
  /** All of these must tell, and nobody else may but `mayTell`; none when all is well. */
  readonly tellers: readonly Teller[];
  /** Those that meet it or do not, as it happens: by the plan of a query, or by what a damaged row then looks like. */
  readonly mayTell?: readonly Teller[];
  /** What one of them must say of it. */
  readonly says?: RegExp;
  /** Does it, asks everybody it concerns, and puts it right again. */
  readonly commit: (stage: RecoveryStage) => Promise<Sighting>;
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

/** What came of one sabotage. */
export interface SabotageResult {
  readonly name: string;
  /** Those that have told, and how. */
  readonly told: readonly Said[];
  readonly note: string | undefined;
  /** What somebody has said wrongly, and whatever else is not as it must be; empty when everything is. */
  readonly faults: readonly string[];
  readonly durationMs: number;
}

/** Commits a sabotage, and holds what was said against what must be. */
export async function commitSabotage(
  stage: RecoveryStage,
  { name, tellers, mayTell = [], says, commit }: Sabotage,
): Promise<SabotageResult> {
  const startedMs = performance.now();
  const {
    said,
    note,
    faults: others = [],
  } = await commit(stage).catch(
    (error: Error): Sighting => ({ said: [], faults: [`it could not be tried: ${error.message}`] }),
  );
  const told = said.filter(({ alarms }) => alarms);
  const missed = tellers.filter((teller) => !told.some(({ by }) => by === teller));
  const faults = [
    ...missed.map((teller) => {
      const instead = said.find(({ by }) => by === teller);
      return `${teller} ${instead ? `says ${instead.verdict}` : 'was not asked'}`;
    }),
    ...told
      .filter(({ by }) => ![...tellers, ...mayTell].includes(by))
      .map(({ by, verdict, detail }) => `${by} says ${verdict} for nothing: ${detail.split('\n')[0]}`),
    ...(says && !told.some(({ detail }) => says.test(detail)) ? [`nobody says ${says}`] : []),
    ...others,
  ];
  return { name, told, note, faults, durationMs: performance.now() - startedMs };
}

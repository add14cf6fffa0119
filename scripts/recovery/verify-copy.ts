import type { ProofBook } from '#recovery/proofs/book.ts';
import type { Verdict } from '#recovery/proofs/proof.ts';
import { type ProofReport, proveCopy } from '#recovery/proofs/prove-copy.ts';
import type { Answer } from '../cli/command.ts';
import { withRole } from '../cli/database/connect.ts';
import { outcomeText } from './drill-report.ts';
import { refuseProduction } from './not-production.ts';

export interface CopyToVerify {
  /** With its superuser or master. */
  readonly copyUrl: string;
  /** The point in time of the copy. */
  readonly at: Date;
  /** To measure the data loss. */
  readonly productionUrl: string | undefined;
  /** Other databases in use that the copy must not be. */
  readonly inUse: readonly string[];
  readonly book: ProofBook;
  readonly signal: AbortSignal;
  readonly note: (line: string) => void;
}

/** Proves a copy that the user restored, wherever it runs. It is not a drill: nothing is recorded. */
export async function verifyCopy({
  copyUrl,
  at,
  productionUrl,
  inUse,
  book,
  signal,
  note,
}: CopyToVerify): Promise<Answer> {
  await refuseProduction(copyUrl, productionUrl === undefined ? inUse : [productionUrl, ...inUse]);
  const report = await proveCopy({
    connectionString: copyUrl,
    book,
    asOf: at,
    requestedAt: at,
    production:
      productionUrl === undefined ? undefined : (work) => withRole(productionUrl, 'stockade_jobs', work),
    signal,
    onOutcome: (outcome) => note(outcomeText(outcome)),
  });
  const { host, pathname } = new URL(copyUrl.replace('@/', '@localhost/'));
  const counts = countsOf(report);
  return {
    json: { copy: { host, database: pathname.slice(1) }, asOf: at.toISOString(), counts, ...report },
    text: copyText(`${host}${pathname}`, at, report, counts),
    failed: !report.ok,
  };
}

type Counts = Readonly<Record<Verdict, number>>;

function countsOf({ outcomes }: ProofReport): Counts {
  const of = (verdict: Verdict) => outcomes.filter((each) => each.verdict === verdict).length;
  return {
    passed: of('passed'),
    failed: of('failed'),
    'could not run': of('could not run'),
    'does not apply': of('does not apply'),
  };
}

function copyText(copy: string, at: Date, { ok, outcomes }: ProofReport, counts: Counts): string {
  const apart = outcomes.filter(({ verdict }) => verdict === 'does not apply');
  return [
    `The copy at ${copy}, of ${at.toISOString()}, ${ok ? 'is proven' : 'is NOT proven'}:`,
    ...outcomes.filter((each) => !apart.includes(each)).map(outcomeText),
    ...(apart.length > 0
      ? ['These do not apply here and do not count as passed:', ...apart.map(outcomeText)]
      : []),
    `${counts.passed} passed, ${counts.failed} failed, ${counts['could not run']} could not run, ${apart.length} not applicable.`,
  ].join('\n');
}

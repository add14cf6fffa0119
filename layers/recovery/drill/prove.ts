import { AwsRefused } from '#platform/aws/call.ts';
import { Unavailable } from '#platform/errors.ts';
import { type ProofOutcome, TakenOver } from '../proofs/proof.ts';
import { type ProofReport, proveCopy } from '../proofs/prove-copy.ts';
import type { DBInstance } from '../rds/rds.ts';
import { openCopy } from './copy.ts';
import { type DrillRecord, newestDrill } from './records.ts';
import type { DrillSurroundings } from './surroundings.ts';
import { failed, judge, recordReached } from './verdict.ts';
import type { DrillWait } from './wait.ts';

/** Opening a copy and recording a verdict take less than this. */
export const reserveMs = 60_000;

/** Opens the copy, runs the proofs and records the verdict. Returns what the drill waits for when it cannot. */
export async function proveDrill(
  around: DrillSurroundings,
  drill: DrillRecord,
  instance: DBInstance,
): Promise<DrillWait | undefined> {
  const { book, production, policy, signal, onOutcome, time } = around;
  let connectionString: string;
  try {
    const giveUpAt = Date.now() + Math.min(time.remainingMs() - reserveMs / 2, 10 * 60_000);
    const isJudged = async () => {
      const newest = await newestDrill();
      return newest?.id !== drill.id || newest.verdict !== undefined;
    };
    connectionString = await openCopy(instance, around.urlOf, {
      giveUpAt,
      pollMs: around.pollMs,
      signal,
      isJudged,
      onWaiting: around.onWaiting,
    });
  } catch (error) {
    signal?.throwIfAborted();
    if (error instanceof TakenOver) return { for: 'other-run' };
    // RDS is still changing the instance: the next tick tries again.
    if (error instanceof AwsRefused && error.code.startsWith('InvalidDBInstanceState'))
      return { for: 'password', instance: drill.request.instance };
    if (error instanceof Unavailable) throw error;
    return await judge(
      drill,
      failed(`${drill.request.instance} does not accept connections: ${(error as Error).message}`),
    );
  }
  const wasTried = drill.queryableAfterMs !== undefined;
  if (!wasTried) await recordReached(drill, 'queryable');
  const ended: Ended = await proveCopy({
    connectionString,
    book,
    production,
    asOf: new Date(drill.request.asOf),
    requestedAt: drill.requestedAt,
    policy,
    signal,
    ...(onOutcome && { onOutcome }),
  }).then(
    (proofs) => ({ by: 'proofs', proofs }),
    (error: unknown) => {
      if (error instanceof TakenOver) return { by: 'other-run' };
      // This run had all its time for the proofs. The next run would start them again and not finish either.
      if (wasTried && signal?.aborted && signal.reason === error && isTimeout(error)) return { by: 'time' };
      throw error;
    },
  );
  switch (ended.by) {
    case 'proofs': {
      const { proofs } = ended;
      return await judge(drill, { passed: proofs.ok, summary: summaryOf(proofs.outcomes), proofs });
    }
    case 'other-run':
      // If this run changed the password again, the other run would only do the same.
      return { for: 'other-run' };
    case 'time':
      await judge(
        drill,
        failed(
          'The proofs did not finish within one run of the function. Run npm run verify:backup, which has no time limit.',
        ),
      );
      return { for: 'tear-down' };
  }
}

/** How the proofs of a copy ended. */
type Ended =
  | { readonly by: 'proofs'; readonly proofs: ProofReport }
  | { readonly by: 'other-run' }
  /** The function's own time limit. */
  | { readonly by: 'time' };

function isTimeout(error: unknown): boolean {
  return error instanceof Error && error.name === 'TimeoutError';
}

function summaryOf(outcomes: readonly ProofOutcome[]): string {
  const troubled = outcomes.filter(({ verdict }) => verdict === 'failed' || verdict === 'could not run');
  const passed = outcomes.filter(({ verdict }) => verdict === 'passed');
  if (troubled.length === 0) return `Proven: ${passed.map(({ proof }) => proof).join(', ')}.`;
  return troubled.map(({ proof, verdict, faults }) => `${proof} ${verdict}: ${faults[0]}`).join('; ');
}

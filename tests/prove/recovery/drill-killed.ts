import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { environment } from '#platform/environment.ts';
import { type DrillMilestone, drillMilestones } from '#recovery/drill/record-shape.ts';
import { type DrillRecord, newestDrill } from '#recovery/drill/records.ts';
import { recoveryPolicy } from '#recovery/policy.ts';
import { paths } from '#scripts/paths.ts';
import type { BackedUp } from './backed-up.ts';
import { leftovers } from './drill-attacks.ts';
import type { RecoveryFixture } from './fixture.ts';
import { type Sabotage, type Said, saidByChecks } from './sabotage.ts';

const pollMs = 5;
const patienceMs = 60_000;

const leftover = 'check drill-leftovers';

const wordsOf: Readonly<Record<DrillMilestone, string>> = {
  requested: 'requested',
  available: 'available',
  queryable: 'queryable',
  verdict: 'proven',
  'torn-down': 'torn down',
};

/** Kills `npm run verify:backup` with -9 as soon as a milestone is recorded, and runs it once more. */
export const drillKilled: readonly Sabotage[] = drillMilestones.slice(0, -1).map((milestone) => ({
  name: `drill killed after it was ${wordsOf[milestone]}`,
  // Until another run carries on, the verdict is missing or the instance is left over.
  reporters:
    milestone === 'requested' ? ['drill'] : milestone === 'verdict' ? [leftover] : ['drill', leftover],
  commit: async (on) => {
    const killed = await killAfter(on.world, milestone);
    await on.world.aws.rds.settled();
    const seen = milestone === 'requested' ? [] : await lookAtLeftovers(on);
    const again = await verifyBackup(on.world, '--json').ended;
    return {
      said: [saidOf(killed), ...seen],
      note: 'the next run carries on, to a verdict and the deletion of the instance',
      faults: [...faultsOf(killed, again), ...(await leftovers(on))],
    };
  },
}));

interface Run {
  readonly child: ReturnType<typeof spawn>;
  readonly ended: Promise<{ readonly code: number | null; readonly stdout: string }>;
}

/** The database that is drilled, and the AWS of process.env. */
type Place = Pick<BackedUp, 'adminUrl' | 'aws'>;

/** Starts the command as a process of its own, which ends with this process. */
export function verifyBackup({ adminUrl }: Place, ...args: readonly string[]): Run {
  const child = spawn(process.execPath, [join(paths.root, 'scripts/recovery/verify-backup.ts'), ...args], {
    env: { ...process.env, DATABASE_URL: adminUrl },
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  const end = () => child.kill('SIGKILL');
  process.once('exit', end);
  child.once('close', () => process.off('exit', end));
  let stdout = '';
  child.stdout.on('data', (chunk) => {
    stdout += chunk;
  });
  return { child, ended: once(child, 'close').then(([code]) => ({ code, stdout })) };
}

/** Returns a function that waits until one more drill than now has reached a milestone. */
export function untilWritten({ aws }: Place, milestone: DrillMilestone): () => Promise<void> {
  const bucket = process.env[environment.evidenceBucket] ?? '';
  const written = () =>
    aws.s3.keys(bucket).filter((key) => key.startsWith('drills/') && key.endsWith(`-${milestone}.json`))
      .length;
  const before = written();
  return async () => {
    const giveUpAt = Date.now() + patienceMs;
    while (written() === before) {
      if (Date.now() > giveUpAt)
        throw new Error(`no drill reached ${milestone} within ${patienceMs / 1000} s`);
      await delay(pollMs);
    }
  };
}

async function killAfter(place: Place, milestone: DrillMilestone): Promise<DrillRecord> {
  const reached = untilWritten(place, milestone);
  // Without an answer to the deletion, the command cannot end before it is killed.
  const end = place.aws.rds.faults.inject('silent', { operation: 'DeleteDBInstance' });
  const { child, ended } = verifyBackup(place);
  try {
    await reached();
  } finally {
    child.kill('SIGKILL');
    await ended;
    end();
  }
  const killed = await newestDrill();
  if (!killed) throw new Error('the drill that was killed has no record');
  return killed;
}

function saidOf({ verdict }: DrillRecord): Said {
  return {
    by: 'drill',
    verdict: verdict ? (verdict.passed ? 'passed' : 'failed') : 'no verdict',
    alarms: !verdict?.passed,
    detail: verdict?.summary ?? 'the drill was interrupted',
  };
}

/** The reports of the monitor hours later, when no run has carried on. */
async function lookAtLeftovers(world: RecoveryFixture): Promise<Said[]> {
  await world.world.round();
  const policy = { ...recoveryPolicy, drillInstanceAgeMs: { warn: 0, fail: 0 } };
  return saidByChecks(await world.look({ policy }));
}

function faultsOf(killed: DrillRecord, { code, stdout }: Awaited<Run['ended']>): string[] {
  if (killed.tornDownAt) return ['the drill was over before it was killed'];
  if (code !== 0) return [`the next run ended with exit code ${code}`];
  const over = JSON.parse(stdout) as DrillRecord;
  return [
    ...(over.id === killed.id ? [] : [`the next run continued drill ${over.id}, not ${killed.id}`]),
    ...(over.verdict?.passed ? [] : [`the drill ended with ${over.verdict?.summary}`]),
    ...(over.tornDownAt ? [] : ['its instance was not deleted']),
  ];
}

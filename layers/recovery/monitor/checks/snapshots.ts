import { counted } from '#platform/text/plural.ts';
import { ageOf, judge, spoken } from '../../policy.ts';
import { eventsKeptDays } from '../../rds/rds.ts';
import { type Finding, rdsCheck } from '../check.ts';
import type { BackupSource, KeptSnapshot } from '../source.ts';
import { databaseOf, list } from './database.ts';

export const snapshotsFinish = rdsCheck(
  'snapshots-finish',
  'No snapshot has failed or is stuck',
  async (rds, { now, policy }): Promise<Finding> => {
    await databaseOf(rds);
    const snapshots = await rds.snapshots();
    const unfinished = snapshots.filter(({ status }) => status !== 'available');
    const inTheMaking = unfinished.filter(({ status }) => underWay.includes(status));
    const failed = unfinished.filter(({ status }) => !underWay.includes(status) && status !== 'deleting');
    const ages = await Promise.all(
      inTheMaking.map(async (each) => ({ ...each, ageMs: await inTheMakingFor(rds, each, now) })),
    );
    const judged = ages.map((each) => ({
      ...each,
      verdict: judge(each.ageMs, policy.snapshotInTheMakingMs),
    }));
    const late = judged.filter(({ verdict }) => verdict !== 'ok');
    const facts = {
      failed: failed.map(({ identifier, status }) => ({ identifier, status })),
      inTheMaking: ages.map(({ identifier, ageMs }) => ({
        identifier,
        ageSeconds: Math.round(ageMs / 1000),
      })),
    };
    const said = [
      failed.length > 0 &&
        `failed: ${list(failed.map(({ identifier, status }) => `${identifier} (${status})`))}`,
      late.length > 0 &&
        `unfinished for too long: ${list(late.map(({ identifier, ageMs }) => `${identifier} (${spoken(ageMs)})`))}`,
    ].filter((each) => each !== false);
    if (said.length === 0) {
      return {
        status: 'ok',
        summary: `No snapshot failed or is stuck (${counted(snapshots.length, 'snapshot')}).`,
        facts,
      };
    }
    const isFailure = failed.length > 0 || late.some(({ verdict }) => verdict === 'fail');
    return { status: isFailure ? 'fail' : 'warn', summary: `Snapshots ${said.join('; ')}.`, facts };
  },
);

const underWay = ['creating', 'copying', 'modifying', 'pending'];

/** How long a snapshot has been in the making. Without a known beginning, it is older than the events that RDS keeps. */
async function inTheMakingFor(rds: BackupSource, { identifier }: KeptSnapshot, now: Date): Promise<number> {
  const begunAt = await rds.begunAt(identifier);
  return (begunAt && ageOf(begunAt, now)) ?? eventsKeptDays * 86_400_000;
}

export const snapshotsPrivate = rdsCheck(
  'snapshots-private',
  'Nobody else can restore a snapshot',
  async (rds, { policy }): Promise<Finding> => {
    await databaseOf(rds);
    const here = await openSnapshots(rds, await rds.snapshots(), undefined, policy.trustedAccounts);
    const { copyRegion } = rds;
    const elsewhere =
      copyRegion === undefined || copyRegion === 'none'
        ? []
        : await openSnapshots(
            rds,
            (await rds.copies(copyRegion)).snapshots,
            copyRegion,
            policy.trustedAccounts,
          );
    const open = [...here, ...elsewhere];
    const facts = { open };
    if (open.length === 0) return { status: 'ok', summary: 'No snapshot is public or shared.', facts };
    const said = open.map(({ identifier, region, with: accounts }) => {
      const place = region === undefined ? '' : ` in ${region}`;
      return `${identifier}${place} ${accounts.includes('all') ? 'is PUBLIC' : `is shared with ${list(accounts)}`}`;
    });
    return {
      status: 'fail',
      summary: `${list(said)}. A restored snapshot shows the stock of every organization.`,
      facts,
    };
  },
);

interface OpenSnapshot {
  readonly identifier: string;
  readonly region: string | undefined;
  readonly with: readonly string[];
}

async function openSnapshots(
  rds: BackupSource,
  snapshots: readonly KeptSnapshot[],
  region: string | undefined,
  trusted: readonly string[],
): Promise<OpenSnapshot[]> {
  const open: OpenSnapshot[] = [];
  // One after the other: RDS throttles many calls at once.
  for (const { identifier, kind, status } of snapshots) {
    if (kind !== 'manual' || status !== 'available') continue;
    const accounts = (await rds.restorers(identifier, region)).filter((each) => !trusted.includes(each));
    if (accounts.length > 0) open.push({ identifier, region, with: accounts });
  }
  return open;
}

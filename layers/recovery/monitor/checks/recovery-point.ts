import { ageOf, judge, notYet, spoken } from '../../policy.ts';
import { type Check, notApplicable, rdsCheck } from '../check.ts';
import type { KeptSnapshot } from '../source.ts';
import { databaseOf } from './database.ts';

export const latestRestorableTime = rdsCheck(
  'latest-restorable-time',
  'A failure now would lose no more than promised',
  async (rds, { now, policy }) => {
    const { latestRestorableAt, identifier } = await databaseOf(rds);
    if (!latestRestorableAt) {
      return { status: 'fail', summary: `${identifier} cannot be restored to any point in time.` };
    }
    const behindMs = ageOf(latestRestorableAt, now);
    if (behindMs === undefined) {
      return {
        status: 'fail',
        summary: `${identifier} can be restored to ${notYet(latestRestorableAt)}.`,
        facts: { latestRestorableAt },
      };
    }
    const status = judge(behindMs, policy.recoveryPointAgeMs);
    const limit = spoken(policy.recoveryPointAgeMs.fail);
    return {
      status,
      summary: `${identifier} can be restored to ${spoken(behindMs)} ago; the limit is ${limit}.`,
      facts: { latestRestorableAt, behindSeconds: Math.round(behindMs / 1000) },
    };
  },
);

export const newestSnapshot = rdsCheck(
  'newest-snapshot',
  'There is a recent snapshot',
  async (rds, { now, policy }) => {
    await databaseOf(rds);
    const newest = newestOf(await rds.snapshots());
    if (!newest) return { status: 'fail', summary: `There is no complete snapshot of ${rds.identifier}.` };
    const { identifier, takenAt } = newest;
    const ageMs = ageOf(takenAt, now);
    if (ageMs === undefined) {
      return {
        status: 'fail',
        summary: `The data in the newest snapshot, ${identifier}, is from ${notYet(takenAt)}.`,
        facts: { snapshot: identifier, takenAt },
      };
    }
    return {
      status: judge(ageMs, policy.newestSnapshotAgeMs),
      summary: `The data in the newest snapshot, ${identifier}, is ${spoken(ageMs)} old; the limit is ${spoken(policy.newestSnapshotAgeMs.fail)}.`,
      facts: { snapshot: identifier, takenAt, ageSeconds: Math.round(ageMs / 1000) },
    };
  },
);

export const copyElsewhere = rdsCheck(
  'copy-elsewhere',
  'There is a fresh copy in another region',
  async (rds, { now, policy }) => {
    const { copyRegion } = rds;
    if (copyRegion === 'none') {
      return notApplicable('This stage is configured to keep no copy in another region.');
    }
    if (copyRegion === undefined) {
      return {
        status: 'fail',
        summary:
          'No region for copies is configured: deploy with -c backupCopyRegion=<region>, or none to keep no copy.',
      };
    }
    const { snapshots, replicaReachesTo, isReplicaEncrypted } = await rds.copies(copyRegion);
    const newest = newestOf(snapshots);
    const reachesTo = latest(replicaReachesTo, newest?.takenAt);
    const facts = {
      region: copyRegion,
      replicaReachesTo,
      snapshot: newest?.identifier,
      takenAt: newest?.takenAt,
    };
    if (!reachesTo) {
      return { status: 'fail', summary: `There is no copy of ${rds.identifier} in ${copyRegion}.`, facts };
    }
    const plain = snapshots.filter((each) => !each.isEncrypted).length;
    if (plain > 0 || isReplicaEncrypted === false) {
      return { status: 'fail', summary: `Backups in ${copyRegion} are not all encrypted.`, facts };
    }
    const ageMs = ageOf(reachesTo, now);
    if (ageMs === undefined) {
      return {
        status: 'fail',
        summary: `The newest backup in ${copyRegion} is from ${notYet(reachesTo)}.`,
        facts,
      };
    }
    return {
      status: judge(ageMs, policy.copyAgeMs),
      summary: `The newest backup in ${copyRegion} is ${spoken(ageMs)} old; the limit is ${spoken(policy.copyAgeMs.fail)}.`,
      facts: { ...facts, ageSeconds: Math.round(ageMs / 1000) },
    };
  },
);

export const walArchiving: Check = {
  name: 'wal-archiving',
  title: 'The log of Postgres is archived',
  run: async ({ rds, postgres, now, policy }) => {
    if (rds) {
      return notApplicable('RDS archives the log itself; latest-restorable-time checks how far.');
    }
    const { archive_mode, archive_timeout } = await postgres.settings();
    const { lastArchivedAt, lastFailedAt, lastFailedFile } = await postgres.archiver();
    const facts = { archive_mode, archive_timeout, lastArchivedAt, lastFailedAt, lastFailedFile };
    if (archive_mode === 'off') {
      return {
        status: 'fail',
        summary: 'archive_mode is off: a failure would lose everything since the last backup.',
        facts,
      };
    }
    if (lastFailedAt && (!lastArchivedAt || lastFailedAt > lastArchivedAt)) {
      return {
        status: 'fail',
        summary: `The log cannot be archived: the last attempt failed at ${lastFailedFile}.`,
        facts,
      };
    }
    if (!lastArchivedAt) {
      return { status: 'fail', summary: 'No part of the log has ever been archived.', facts };
    }
    const behindMs = ageOf(lastArchivedAt, now);
    if (behindMs === undefined) {
      return { status: 'fail', summary: `The log was last archived at ${notYet(lastArchivedAt)}.`, facts };
    }
    const status = judge(behindMs, policy.recoveryPointAgeMs);
    const archived = `The log was last archived ${spoken(behindMs)} ago; the limit is ${spoken(policy.recoveryPointAgeMs.fail)}`;
    if (status === 'ok' && archive_timeout === '0') {
      return {
        status: 'warn',
        summary: `${archived}. But archive_timeout is 0: Postgres archives a file of the log only when it is full.`,
        facts,
      };
    }
    return { status, summary: `${archived}.`, facts };
  },
};

function newestOf(snapshots: readonly KeptSnapshot[]): (KeptSnapshot & { takenAt: Date }) | undefined {
  return snapshots
    .filter((each): each is KeptSnapshot & { takenAt: Date } => each.status === 'available' && !!each.takenAt)
    .sort((a, b) => b.takenAt.getTime() - a.takenAt.getTime())[0];
}

function latest(...times: readonly (Date | undefined)[]): Date | undefined {
  return times.filter((each) => each !== undefined).sort((a, b) => b.getTime() - a.getTime())[0];
}

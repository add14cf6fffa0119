import { ageOf, judge, notYet, spoken } from '../../policy.ts';
import { type Check, notApplicable, rdsCheck } from '../check.ts';
import type { KeptSnapshot } from '../source.ts';
import { databaseOf } from './database.ts';

export const latestRestorableTime = rdsCheck(
  'latest-restorable-time',
  'No more could be lost than was promised',
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
    const promised = spoken(policy.recoveryPointAgeMs.fail);
    return {
      status,
      summary: `${identifier} can be restored to ${spoken(behindMs)} ago; ${promised} at most were promised.`,
      facts: { latestRestorableAt, behindSeconds: Math.round(behindMs / 1000) },
    };
  },
);

export const newestSnapshot = rdsCheck(
  'newest-snapshot',
  'There is a snapshot of today',
  async (rds, { now, policy }) => {
    await databaseOf(rds);
    const newest = newestOf(await rds.snapshots());
    if (!newest)
      return { status: 'fail', summary: `There is no snapshot of ${rds.identifier} that is whole.` };
    const { identifier, takenAt } = newest;
    const ageMs = ageOf(takenAt, now);
    if (ageMs === undefined) {
      return {
        status: 'fail',
        summary: `What is in the newest snapshot, ${identifier}, is of ${notYet(takenAt)}.`,
        facts: { snapshot: identifier, takenAt },
      };
    }
    return {
      status: judge(ageMs, policy.newestSnapshotAgeMs),
      summary: `What is in the newest snapshot, ${identifier}, is ${spoken(ageMs)} old; ${spoken(policy.newestSnapshotAgeMs.fail)} at most are wanted.`,
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
      return notApplicable('It was decided that this stage keeps no copy in another region.');
    }
    if (copyRegion === undefined) {
      return {
        status: 'fail',
        summary:
          'Nobody has said in which region copies are kept: name it at the deploy with -c backupCopyRegion=…, or say none.',
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
      return { status: 'fail', summary: `What is kept in ${copyRegion} is not all encrypted.`, facts };
    }
    const ageMs = ageOf(reachesTo, now);
    if (ageMs === undefined) {
      return { status: 'fail', summary: `What is kept in ${copyRegion} is of ${notYet(reachesTo)}.`, facts };
    }
    return {
      status: judge(ageMs, policy.copyAgeMs),
      summary: `What is kept in ${copyRegion} is ${spoken(ageMs)} old; ${spoken(policy.copyAgeMs.fail)} at most are wanted.`,
      facts: { ...facts, ageSeconds: Math.round(ageMs / 1000) },
    };
  },
);

export const walArchiving: Check = {
  name: 'wal-archiving',
  title: 'The log of Postgres is kept elsewhere',
  run: async ({ rds, postgres, now, policy }) => {
    if (rds) {
      return notApplicable('RDS keeps the log itself: latest-restorable-time tells how far that has come.');
    }
    const { archive_mode, archive_timeout } = await postgres.settings();
    const { lastArchivedAt, lastFailedAt, lastFailedFile } = await postgres.archiver();
    const facts = { archive_mode, archive_timeout, lastArchivedAt, lastFailedAt, lastFailedFile };
    if (archive_mode === 'off') {
      return {
        status: 'fail',
        summary: 'archive_mode is off: all since the last backup would be lost.',
        facts,
      };
    }
    if (lastFailedAt && (!lastArchivedAt || lastFailedAt > lastArchivedAt)) {
      return { status: 'fail', summary: `The log cannot be kept: ${lastFailedFile} has failed last.`, facts };
    }
    if (!lastArchivedAt) return { status: 'fail', summary: 'No part of the log has ever been kept.', facts };
    const behindMs = ageOf(lastArchivedAt, now);
    if (behindMs === undefined) {
      return { status: 'fail', summary: `The log was kept up to ${notYet(lastArchivedAt)}.`, facts };
    }
    const status = judge(behindMs, policy.recoveryPointAgeMs);
    const kept = `The log was kept up to ${spoken(behindMs)} ago; ${spoken(policy.recoveryPointAgeMs.fail)} at most were promised`;
    if (status === 'ok' && archive_timeout === '0') {
      return {
        status: 'warn',
        summary: `${kept}. But archive_timeout is 0: when little is written, the log waits until a file is full.`,
        facts,
      };
    }
    return { status, summary: `${kept}.`, facts };
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

import { judgeAtLeast, spoken } from '../../policy.ts';
import { NoSuchDatabase } from '../blindness.ts';
import type { Check, Finding } from '../check.ts';
import { notApplicable, rdsCheck } from '../check.ts';
import type { BackedUpDatabase, BackupSource } from '../source.ts';

/** @throws NoSuchDatabase when there is none of that name */
export async function databaseOf(rds: BackupSource): Promise<BackedUpDatabase> {
  const database = await rds.database();
  if (!database) throw new NoSuchDatabase(rds);
  return database;
}

/** In these it neither takes backups nor can it be brought back without somebody. */
const brokenStatuses =
  /^(failed|storage-full|stopped|stopping|deleting|inaccessible-encryption-credentials|incompatible-|restore-error|insufficient-capacity)/;
const quietStatuses = [
  'available',
  'backing-up',
  'configuring-enhanced-monitoring',
  'configuring-iam-database-auth',
  'configuring-log-exports',
  'maintenance',
  'modifying',
  'storage-optimization',
];

export const databaseStatus = rdsCheck(
  'database-status',
  'The database is there and in a state in which it can be backed up',
  async (rds) => {
    const database = await rds.database();
    if (!database) {
      return {
        status: 'fail',
        summary: `${new NoSuchDatabase(rds).message}: it was deleted, renamed, or the monitor looks for another one.`,
      };
    }
    const { identifier, status } = database;
    const facts = { kind: rds.kind, identifier, status };
    if (brokenStatuses.test(status)) {
      return { status: 'fail', summary: `${identifier} is ${status}: it takes no backups.`, facts };
    }
    if (quietStatuses.includes(status))
      return { status: 'ok', summary: `${identifier} is ${status}.`, facts };
    return { status: 'warn', summary: `${identifier} is ${status}: it is not in its usual state.`, facts };
  },
);

export const retention = rdsCheck(
  'retention',
  'Backups are kept long enough',
  async (rds, { now, policy }): Promise<Finding> => {
    const { retentionDays, earliestRestorableAt, createdAt, identifier } = await databaseOf(rds);
    const reachesBackMs = earliestRestorableAt && now.getTime() - earliestRestorableAt.getTime();
    const facts = { retentionDays, earliestRestorableAt, createdAt };
    const wanted = policy.retentionDays;
    if (retentionDays === 0) {
      return { status: 'fail', summary: `Automated backups of ${identifier} are switched off.`, facts };
    }
    const status = judgeAtLeast(retentionDays, wanted);
    const kept = `Backups of ${identifier} are kept for ${retentionDays} days`;
    if (status !== 'ok') {
      const least = status === 'fail' ? wanted.fail : wanted.warn;
      return { status, summary: `${kept}: ${least} are wanted.`, facts };
    }
    if (reachesBackMs === undefined) {
      return { status: 'fail', summary: `${kept}, but there is nothing yet to restore from.`, facts };
    }
    return { status, summary: `${kept}; they reach back ${spoken(reachesBackMs)}.`, facts };
  },
);

export const encryption = rdsCheck(
  'encryption',
  'The database and every snapshot of it are encrypted',
  async (rds) => {
    const { isEncrypted, identifier } = await databaseOf(rds);
    const plain = (await rds.snapshots()).filter((each) => !each.isEncrypted).map((each) => each.identifier);
    const facts = { isDatabaseEncrypted: isEncrypted, plainSnapshots: plain };
    if (!isEncrypted)
      return { status: 'fail', summary: `The storage of ${identifier} is not encrypted.`, facts };
    if (plain.length > 0) {
      return {
        status: 'fail',
        summary: `${plain.length} snapshots are not encrypted: ${list(plain)}.`,
        facts,
      };
    }
    return { status: 'ok', summary: `${identifier} and all of its snapshots are encrypted.`, facts };
  },
);

export const deletionProtection = rdsCheck(
  'deletion-protection',
  'The database cannot be deleted by mistake',
  async (rds) => {
    const { isDeletionProtected, identifier } = await databaseOf(rds);
    return isDeletionProtected
      ? { status: 'ok', summary: `${identifier} is protected from deletion.` }
      : {
          status: 'fail',
          summary: `${identifier} can be deleted with one call: deletion protection is off.`,
        };
  },
);

export const durability: Check = {
  name: 'durability',
  title: 'Postgres keeps what it has confirmed, and notices damage',
  run: async ({ rds, postgres }) => {
    if (rds?.kind === 'cluster') {
      return notApplicable('The storage of Aurora sees to this, whatever the settings of Postgres say.');
    }
    const settings = await postgres.settings();
    const faults = [
      settings.fsync === 'off' && 'fsync is off: a power failure may destroy the database',
      settings.full_page_writes === 'off' && 'full_page_writes is off: a power failure may tear pages',
      settings.synchronous_commit === 'off' &&
        'synchronous_commit is off: the newest confirmed movements may be lost',
      settings.data_checksums === 'off' && 'data_checksums is off: damage on disk goes unnoticed',
    ].filter((each) => each !== false);
    return faults.length > 0
      ? { status: 'fail', summary: `${faults.join('; ')}.`, facts: settings }
      : {
          status: 'ok',
          summary: 'Commits are on disk when they are confirmed, and pages have checksums.',
          facts: settings,
        };
  },
};

const shown = 5;

/** The first of many names. */
export function list(names: readonly string[]): string {
  const more = names.length > shown ? ` and ${names.length - shown} more` : '';
  return `${names.slice(0, shown).join(', ')}${more}`;
}

import { counted } from '#platform/text/plural.ts';
import { ageOf, judgeAtLeast, notYet, spoken } from '../../policy.ts';
import { NoSuchDatabase } from '../blindness.ts';
import type { Check, Finding } from '../check.ts';
import { notApplicable, rdsCheck } from '../check.ts';
import type { BackedUpDatabase, BackupSource } from '../source.ts';

const dayMs = 86_400_000;

/** @throws NoSuchDatabase when RDS has no database with that name */
export async function databaseOf(rds: BackupSource): Promise<BackedUpDatabase> {
  const database = await rds.database();
  if (!database) throw new NoSuchDatabase(rds);
  return database;
}

/** With these statuses the database takes no backups and does not recover by itself. */
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
  'The database exists and can be backed up',
  async (rds) => {
    const database = await rds.database();
    if (!database) {
      return {
        status: 'fail',
        summary: `${new NoSuchDatabase(rds).message}: it was deleted or renamed, or the monitor has the wrong name.`,
      };
    }
    const { identifier, status } = database;
    const facts = { kind: rds.kind, identifier, status };
    if (brokenStatuses.test(status)) {
      return { status: 'fail', summary: `${identifier} is ${status}: it takes no backups.`, facts };
    }
    if (quietStatuses.includes(status))
      return { status: 'ok', summary: `${identifier} is ${status}.`, facts };
    return { status: 'warn', summary: `${identifier} is ${status}: this is not its usual status.`, facts };
  },
);

export const retention = rdsCheck(
  'retention',
  'Backups are kept long enough',
  async (rds, { now, policy }): Promise<Finding> => {
    const { retentionDays, earliestRestorableAt, createdAt, identifier } = await databaseOf(rds);
    const facts = { retentionDays, earliestRestorableAt, createdAt };
    const finding = (status: Finding['status'], summary: string): Finding => ({ status, summary, facts });
    if (retentionDays === 0) return finding('fail', `Automated backups of ${identifier} are switched off.`);
    const kept = `Backups of ${identifier} are kept for ${counted(retentionDays, 'day')}`;
    if (!earliestRestorableAt) return finding('fail', `${kept}, but none exists yet.`);
    const reachMs = ageOf(earliestRestorableAt, now);
    if (reachMs === undefined) {
      return finding('fail', `${kept}, but the oldest is from ${notYet(earliestRestorableAt)}.`);
    }
    const wanted = policy.retentionDays;
    const setting = judgeAtLeast(retentionDays, wanted);
    // Backups cannot be older than the database. Without a creation time, assume that it has always existed.
    const livedMs = (createdAt && ageOf(createdAt, now)) ?? Number.POSITIVE_INFINITY;
    const wantedReachMs = {
      warn: Math.min(wanted.warn * dayMs, livedMs),
      fail: Math.min(wanted.fail * dayMs, livedMs),
    };
    const reach = judgeAtLeast(reachMs + policy.reachSlackMs, wantedReachMs);
    if (reach !== 'ok' && setting !== 'fail') {
      const least = spoken(wantedReachMs[reach]);
      return finding(reach, `${kept}, but they reach back only ${spoken(reachMs)}; the minimum is ${least}.`);
    }
    if (setting !== 'ok') {
      return finding(setting, `${kept}; the minimum is ${counted(wanted[setting], 'day')}.`);
    }
    return finding('ok', `${kept}; they reach back ${spoken(reachMs)}.`);
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
        summary: `${counted(plain.length, 'unencrypted snapshot')}: ${list(plain)}.`,
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
          summary: `Deletion protection of ${identifier} is off: one call can delete it.`,
        };
  },
);

export const durability: Check = {
  name: 'durability',
  title: 'Postgres keeps confirmed commits, and detects damage',
  run: async ({ rds, postgres }) => {
    if (rds?.kind === 'cluster') {
      return notApplicable('Aurora storage guarantees this. The settings of Postgres do not matter.');
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
          summary: 'Postgres confirms a commit only when it is on disk, and pages have checksums.',
          facts: settings,
        };
  },
};

const shown = 5;

/** The first names of a list, and how many more there are. */
export function list(names: readonly string[]): string {
  const more = names.length > shown ? ` and ${names.length - shown} more` : '';
  return `${names.slice(0, shown).join(', ')}${more}`;
}

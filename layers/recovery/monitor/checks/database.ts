import { ageOf, judgeAtLeast, notYet, spoken } from '../../policy.ts';
import { NoSuchDatabase } from '../blindness.ts';
import type { Check, Finding } from '../check.ts';
import { notApplicable, rdsCheck } from '../check.ts';
import type { BackedUpDatabase, BackupSource } from '../source.ts';

const dayMs = 86_400_000;

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
    const facts = { retentionDays, earliestRestorableAt, createdAt };
    const finding = (status: Finding['status'], summary: string): Finding => ({ status, summary, facts });
    if (retentionDays === 0) return finding('fail', `Automated backups of ${identifier} are switched off.`);
    const kept = `Backups of ${identifier} are kept for ${retentionDays} days`;
    if (!earliestRestorableAt) return finding('fail', `${kept}, but there is nothing yet to restore from.`);
    const reachMs = ageOf(earliestRestorableAt, now);
    if (reachMs === undefined) {
      return finding('fail', `${kept}, but they begin at ${notYet(earliestRestorableAt)}.`);
    }
    const wanted = policy.retentionDays;
    const setting = judgeAtLeast(retentionDays, wanted);
    // It was not there before it was made; one that does not say when it was has been there for ever.
    const livedMs = (createdAt && ageOf(createdAt, now)) ?? Number.POSITIVE_INFINITY;
    const wantedReachMs = {
      warn: Math.min(wanted.warn * dayMs, livedMs),
      fail: Math.min(wanted.fail * dayMs, livedMs),
    };
    const reach = judgeAtLeast(reachMs + policy.reachSlackMs, wantedReachMs);
    if (reach !== 'ok' && setting !== 'fail') {
      const least = spoken(wantedReachMs[reach]);
      return finding(reach, `${kept}, but they reach back ${spoken(reachMs)} only: ${least} are wanted.`);
    }
    if (setting !== 'ok') return finding(setting, `${kept}: ${wanted[setting]} are wanted.`);
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

import { ageOf, judge, notYet, spoken } from '../../policy.ts';
import { type Check, type DrillVerdict, type Finding, rdsCheck } from '../check.ts';
import type { BackupSource } from '../source.ts';
import { databaseOf, list } from './database.ts';

export const lastDrill: Check = {
  name: 'last-drill',
  title: 'A backup was restored and proven recently',
  run: async ({ lastDrill: readLast, rds, now, policy }): Promise<Finding> => {
    const last = await readLast();
    if (!last) return { status: 'fail', summary: 'No backup has ever been restored and proven.' };
    const { id, passed, at, brokenLinks, unreadableSince: unreadable } = last;
    const facts = { drill: id, source: last.request.source, passed, at, brokenLinks, unreadable };
    const another = await anotherSource(last, rds);
    if (another) {
      return {
        status: 'fail',
        summary: `No drill proves that this database can be restored: ${another}.`,
        facts,
      };
    }
    if (brokenLinks.length > 0) {
      return {
        status: 'fail',
        summary: `Drill records were removed or replaced before: ${list(brokenLinks)}.`,
        facts,
      };
    }
    if (unreadable.length > 0) {
      return {
        status: 'fail',
        summary: `Drill records cannot be read, because somebody has written something else: ${list(unreadable)}.`,
        facts,
      };
    }
    const ageMs = ageOf(at, now);
    if (ageMs === undefined) {
      return { status: 'fail', summary: `The last drill, ${id}, was at ${notYet(at)}.`, facts };
    }
    if (!passed) {
      return {
        status: 'fail',
        summary: `The last drill, ${id}, failed ${spoken(ageMs)} ago.`,
        facts,
      };
    }
    const limit = spoken(policy.lastDrillAgeMs.fail);
    return {
      status: judge(ageMs, policy.lastDrillAgeMs),
      summary: `A backup was restored and proven ${spoken(ageMs)} ago (drill ${id}); the limit is ${limit}.`,
      facts,
    };
  },
};

export const recoveryTime: Check = {
  name: 'recovery-time',
  title: 'A restore takes no longer than promised',
  run: async ({ lastDrill: readLast, rds, policy }): Promise<Finding> => {
    const last = await readLast();
    const another = last && (await anotherSource(last, rds));
    if (another) {
      return { status: 'fail', summary: `The duration of a restore is not known: ${another}.` };
    }
    if (last?.provenAfterMs === undefined) {
      return {
        status: 'fail',
        summary: `The duration of a restore is not known: ${last ? `the last drill, ${last.id}, proved nothing` : 'no drill has ended yet'}.`,
      };
    }
    const { provenAfterMs, id } = last;
    const limit = spoken(policy.recoveryTimeMs.fail);
    return {
      status: judge(provenAfterMs, policy.recoveryTimeMs),
      summary: `A restore took ${spoken(provenAfterMs)} from request to proof (drill ${id}); the limit is ${limit}.`,
      facts: { drill: id, provenAfterSeconds: Math.round(provenAfterMs / 1000) },
    };
  },
};

/** The sentence about a drill that restored another database, which proves nothing for this one; undefined for a drill of this one. */
async function anotherSource(
  { id, request: { source } }: DrillVerdict,
  rds: BackupSource | undefined,
): Promise<string | undefined> {
  // An unconfigured source has no name; reading its database raises the reason.
  const own = rds && (rds.identifier || (await databaseOf(rds)).identifier);
  if (source === own) return undefined;
  return `the last drill, ${id}, restored ${source}, not ${own ?? 'this database, which does not run on RDS'}`;
}

export const drillLeftovers = rdsCheck(
  'drill-leftovers',
  'No drill instance is left over',
  async (rds, { now, policy }): Promise<Finding> => {
    const instances = (await rds.drillInstances()).map((each) => ({
      ...each,
      ageMs: each.begunAt && ageOf(each.begunAt, now),
    }));
    const facts = {
      instances: instances.map(({ identifier, drillId, status, begunAt }) => ({
        identifier,
        drillId,
        status,
        begunAt,
      })),
    };
    const judged = instances.map((each) => ({
      ...each,
      // An instance of unknown age may be very old.
      verdict: each.ageMs === undefined ? 'fail' : judge(each.ageMs, policy.drillInstanceAgeMs),
    }));
    const old = judged.filter(({ verdict }) => verdict !== 'ok');
    const names = list(
      old.map(
        ({ identifier, ageMs }) => `${identifier} (${ageMs === undefined ? 'age unknown' : spoken(ageMs)})`,
      ),
    );
    if (old.length > 0) {
      const isFailure = old.some(({ verdict }) => verdict === 'fail');
      return {
        status: isFailure ? 'fail' : 'warn',
        summary: `Drill instances are left over: ${names}. They cost money and contain the stock of every organization.`,
        facts,
      };
    }
    if (instances.length > 1) {
      return {
        status: 'warn',
        summary: `There are ${instances.length} drill instances at once; the limit is 1.`,
        facts,
      };
    }
    return { status: 'ok', summary: 'No drill instance is older than a drill takes.', facts };
  },
);

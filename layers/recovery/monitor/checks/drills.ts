import { ageOf, judge, notYet, spoken } from '../../policy.ts';
import { type Check, type DrillVerdict, type Finding, rdsCheck } from '../check.ts';
import type { BackupSource } from '../source.ts';
import { databaseOf, list } from './database.ts';

export const lastDrill: Check = {
  name: 'last-drill',
  title: 'A backup was restored and proven lately',
  run: async ({ lastDrill: readLast, rds, now, policy }): Promise<Finding> => {
    const last = await readLast();
    if (!last) return { status: 'fail', summary: 'No backup has ever been restored and proven.' };
    const { id, passed, at, brokenLinks } = last;
    const facts = { drill: id, source: last.request.source, passed, at, brokenLinks };
    const another = await anotherSource(last, rds);
    if (another) {
      return {
        status: 'fail',
        summary: `Whether this database can be restored is not known: ${another}.`,
        facts,
      };
    }
    if (brokenLinks.length > 0) {
      return {
        status: 'fail',
        summary: `Records of drills were removed or replaced: these follow from none that is there: ${list(brokenLinks)}.`,
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
        summary: `The last drill, ${id}, has failed ${spoken(ageMs)} ago.`,
        facts,
      };
    }
    const wanted = spoken(policy.lastDrillAgeMs.fail);
    return {
      status: judge(ageMs, policy.lastDrillAgeMs),
      summary: `A backup was restored and proven ${spoken(ageMs)} ago (${id}); ${wanted} at most are wanted.`,
      facts,
    };
  },
};

export const recoveryTime: Check = {
  name: 'recovery-time',
  title: 'A restore takes no longer than was promised',
  run: async ({ lastDrill: readLast, rds, policy }): Promise<Finding> => {
    const last = await readLast();
    const another = last && (await anotherSource(last, rds));
    if (another) {
      return { status: 'fail', summary: `How long a restore takes is not known: ${another}.` };
    }
    if (last?.provenAfterMs === undefined) {
      return {
        status: 'fail',
        summary: `How long a restore takes is not known: ${last ? `the last drill, ${last.id}, proved nothing` : 'there was no drill'}.`,
      };
    }
    const { provenAfterMs, id } = last;
    const promised = spoken(policy.recoveryTimeMs.fail);
    return {
      status: judge(provenAfterMs, policy.recoveryTimeMs),
      summary: `From the request to the proof it took ${spoken(provenAfterMs)} (${id}); ${promised} were promised.`,
      facts: { drill: id, provenAfterSeconds: Math.round(provenAfterMs / 1000) },
    };
  },
};

/** What is said of a drill that was of another database: it shows nothing of this one. */
async function anotherSource(
  { id, request: { source } }: DrillVerdict,
  rds: BackupSource | undefined,
): Promise<string | undefined> {
  // Where none is configured there is no name, and whoever asks is told why.
  const own = rds && (rds.identifier || (await databaseOf(rds)).identifier);
  if (source === own) return undefined;
  return `the last drill, ${id}, was of ${source} and not of ${own ?? 'this database, which runs elsewhere than on RDS'}`;
}

export const drillLeftovers = rdsCheck(
  'drill-leftovers',
  'Drills have left no instance behind',
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
      // One of which nobody knows since when it is there may have been there for ever.
      verdict: each.ageMs === undefined ? 'fail' : judge(each.ageMs, policy.drillInstanceAgeMs),
    }));
    const old = judged.filter(({ verdict }) => verdict !== 'ok');
    const names = list(
      old.map(
        ({ identifier, ageMs }) =>
          `${identifier} (${ageMs === undefined ? 'nobody knows since when' : spoken(ageMs)})`,
      ),
    );
    if (old.length > 0) {
      const isFailure = old.some(({ verdict }) => verdict === 'fail');
      return {
        status: isFailure ? 'fail' : 'warn',
        summary: `Instances of drills are still there: ${names}. They cost money and hold everybody's stock.`,
        facts,
      };
    }
    if (instances.length > 1) {
      return {
        status: 'warn',
        summary: `${instances.length} instances of drills at once: one is wanted.`,
        facts,
      };
    }
    return { status: 'ok', summary: 'No instance of a drill is older than a drill takes.', facts };
  },
);

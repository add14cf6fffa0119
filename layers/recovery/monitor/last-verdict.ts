import * as z from 'zod';
import { listEvidence, readEvidence } from '#platform/evidence.ts';
import type { DrillVerdict } from './check.ts';

/** The last record of a drill, `drills/<yyyy-mm-dd>/<drill id>/<nn>-verdict.json`, as far as it is read here. */
const Verdict = z.object({
  drillId: z.string(),
  passed: z.boolean(),
  at: z.iso.datetime({ offset: true }),
  provenAfterMs: z.number().min(0).nullable(),
});

const verdictKey = /^drills\/(?<day>\d{4}-\d\d-\d\d)\/[^/]+\/\d+-verdict\.json$/;

/**
 * The last drill that came to a verdict; undefined when none ever has. One that is under way, or died, has none.
 * @throws Unavailable, AwsRefused, MissingSetting like the evidence
 * @throws Error when a verdict cannot be read as one: what it was is not known then
 */
export async function lastVerdict(): Promise<DrillVerdict | undefined> {
  let day = '';
  let keys: string[] = [];
  for await (const key of listEvidence('drills/')) {
    const of = verdictKey.exec(key)?.groups?.day;
    if (of === undefined) continue;
    if (of > day) keys = [];
    day = of;
    keys.push(key);
  }
  // The keys of one day are in the order of the drills' ids, which tells nothing.
  const verdicts = await Promise.all(keys.map(readVerdict));
  return verdicts.sort((a, b) => b.at.getTime() - a.at.getTime())[0];
}

async function readVerdict(key: string): Promise<DrillVerdict> {
  const bytes = await readEvidence(key);
  const { data, error } = Verdict.safeParse(parse(bytes));
  if (!data) throw new Error(`${key} is no verdict of a drill: ${z.prettifyError(error)}`);
  const { drillId, passed, at, provenAfterMs } = data;
  return { id: drillId, passed, at: new Date(at), provenAfterMs: provenAfterMs ?? undefined };
}

function parse(bytes: Uint8Array | undefined): unknown {
  try {
    return JSON.parse(Buffer.from(bytes ?? []).toString('utf8'));
  } catch {
    return undefined;
  }
}

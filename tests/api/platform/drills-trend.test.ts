import { expect, test } from 'vitest';
import { recordMilestone } from '#recovery/drill/records.ts';
import { openAws } from '#tests/aws.ts';
import { openWorld } from '#tests/world.ts';

const world = openWorld();
openAws();

const proofs = { ok: true, durationMs: 1, outcomes: [] };
const minuteMs = 60_000;
const request = {
  kind: 'snapshot',
  source: 'stockade',
  snapshot: 'daily',
  instance: 'stockade-drill-1',
} as const;

/** A drill of a week that took an hour until it was proven. */
async function record(id: string, week: number): Promise<void> {
  const at = new Date(Date.UTC(2026, 0, 5 + week * 7));
  const after = (minutes: number) => new Date(at.getTime() + minutes * minuteMs);
  await recordMilestone(id, at, 'requested', { ...request, keep: false, asOf: at.toISOString() }, at);
  await recordMilestone(id, at, 'available', {}, after(1));
  await recordMilestone(id, at, 'verdict', { passed: true, summary: 'Proven.', proofs }, after(60));
  await recordMilestone(id, at, 'torn-down', {}, after(61));
}

test('there is no trend without drills, and one that does not grow never breaks the promise', async () => {
  const trend = async () => (await world.operator.request('GET', '/platform/drills')).body.trend;
  expect(await trend()).toBeNull();
  for (const week of [0, 1, 2]) await record(`00000${week + 1}`, week);
  expect(await trend()).toEqual({ promisedSeconds: 7_200, perWeekSeconds: 0, brokenInWeekOf: null });
});

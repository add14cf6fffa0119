import { beforeAll, expect, test } from 'vitest';
import { recordStage } from '#recovery/drill-records.ts';
import { openAws } from '#tests/aws.ts';
import { openWorld } from '#tests/world.ts';

const world = openWorld();
openAws();
const drills = (query = '') => world.operator.request('GET', `/platform/drills${query}`);
const request = {
  kind: 'snapshot',
  source: 'stockade',
  snapshot: 'daily',
  instance: 'stockade-drill-1',
  keep: false,
} as const;

/** A drill of a week that was proven within these minutes. */
async function record(id: string, week: number, minutes: number): Promise<void> {
  const at = new Date(Date.UTC(2026, 0, 5 + week * 7));
  const after = (ms: number) => new Date(at.getTime() + ms);
  const loss = { proof: 'loss', verdict: 'passed', faults: [], faultCount: 0, durationMs: 1 } as const;
  const figures = { seconds: 90, entries: 2, movements: 3 };
  const proofs = { ok: true, durationMs: 1, outcomes: [{ ...loss, figures }] };
  await recordStage(id, at, 'requested', { ...request, asOf: at.toISOString() }, at);
  await recordStage(id, at, 'available', {}, after(60_000));
  await recordStage(id, at, 'verdict', { passed: true, summary: 'Proven.', proofs }, after(minutes * 60_000));
  await recordStage(id, at, 'torn-down', {}, after(minutes * 60_000 + 1_000));
}

beforeAll(async () => {
  for (const [week, minutes] of [60, 70, 80].entries()) await record(`00000${week + 1}`, week, minutes);
  const now = new Date(Date.UTC(2026, 0, 26));
  await recordStage('000004', now, 'requested', { ...request, asOf: now.toISOString() }, now);
});

test('operators see the drills, the newest first, in parts', async () => {
  const first = await drills('?limit=2');
  expect(first.status).toBe(200);
  expect(first.body.data.map(({ id }: { id: string }) => id)).toEqual(['000004', '000003']);
  const rest = await drills(`?limit=2&cursor=${first.body.nextCursor}`);
  expect(rest.body.data.map(({ id }: { id: string }) => id)).toEqual(['000002', '000001']);
  expect(rest.body.nextCursor).toBeNull();
});

test('a drill is told with what it took and what would be lost; one under way has no verdict', async () => {
  const { body } = await drills();
  expect(body.data[0]).toMatchObject({
    id: '000004',
    passed: null,
    summary: null,
    loss: null,
    tornDownAt: null,
  });
  expect(body.data[1]).toMatchObject({
    id: '000003',
    asOf: '2026-01-19T00:00:00.000Z',
    availableAfterSeconds: 60,
    queryableAfterSeconds: null,
    provenAfterSeconds: 4_800,
    passed: true,
    loss: { seconds: 90, entries: 2, movements: 3 },
    proofs: [{ proof: 'loss', verdict: 'passed', faults: [], faultCount: 0 }],
    tornDownAt: '2026-01-19T01:20:01.000Z',
  });
});

test('the trend says by how much each week makes a restore longer', async () => {
  const { body } = await drills();
  expect(body.trend).toMatchObject({
    promisedSeconds: 7_200,
    brokenInWeekOf: expect.stringMatching(/^\d{4}-\d\d-\d\d$/),
  });
  expect(body.trend.perWeekSeconds).toBeCloseTo(600, 6);
});

test('a tenant has no business here', async () => {
  const acme = await world.createOrganization();
  expect((await acme.request('GET', '/platform/drills')).status).toBe(403);
});

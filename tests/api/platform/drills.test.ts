import { beforeAll, expect, test } from 'vitest';
import { recordMilestone } from '#recovery/drill/records.ts';
import { openAws } from '#tests/aws.ts';
import { openWorld } from '#tests/world.ts';
import { expectProblem } from '../problem-document.ts';
import { cursorOf, wrongCursor, wrongField } from '../refusals.ts';

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
  await recordMilestone(id, at, 'requested', { ...request, asOf: at.toISOString() }, at);
  await recordMilestone(id, at, 'available', {}, after(60_000));
  await recordMilestone(
    id,
    at,
    'verdict',
    { passed: true, summary: 'Proven.', proofs },
    after(minutes * 60_000),
  );
  await recordMilestone(id, at, 'torn-down', {}, after(minutes * 60_000 + 1_000));
}

beforeAll(async () => {
  for (const [week, minutes] of [60, 70, 80].entries()) await record(`00000${week + 1}`, week, minutes);
  const now = new Date(Date.UTC(2026, 0, 26));
  await recordMilestone('000004', now, 'requested', { ...request, asOf: now.toISOString() }, now);
});

const ids = (data: readonly { id: string }[]) => data.map(({ id }) => id);

test('operators see the drills, the newest first, in parts', async () => {
  const first = await drills('?limit=2');
  expect(first.status).toBe(200);
  expect([ids(first.body.data), first.body.nextCursor]).toEqual([['000004', '000003'], cursorOf('000003')]);
  const rest = await drills(`?limit=2&cursor=${first.body.nextCursor}`);
  expect([ids(rest.body.data), rest.body.nextCursor]).toEqual([['000002', '000001'], null]);
  const whole = await drills('?limit=4');
  expect(whole.body.unreadable).toEqual([]);
  expect([ids(whole.body.data), whole.body.nextCursor]).toEqual([
    ['000004', '000003', '000002', '000001'],
    null,
  ]);
  expect((await drills(`?cursor=${cursorOf('000001')}`)).body.data).toEqual([]);
  expect(ids((await drills(`?cursor=${cursorOf('9'.repeat(12))}`)).body.data)).toEqual(ids(whole.body.data));
});

test.each([
  ['limit=0', wrongField('limit', 'must be at least 1')],
  ['limit=201', wrongField('limit', 'must be at most 200')],
  [`cursor=${cursorOf('12345')}`, wrongCursor],
  [`cursor=${cursorOf('1'.repeat(13))}`, wrongCursor],
  [`cursor=${cursorOf('12345a')}`, wrongCursor],
  ['kind=snapshot', wrongField('kind', 'is not a field here: check its spelling or leave it out')],
])('refuses ?%s', async (query, refusal) => {
  expectProblem(await drills(`?${query}`), refusal);
});

test('a drill is shown with what it took and what would be lost; one under way has no verdict', async () => {
  const { body } = await drills('?limit=2');
  const shared = { kind: 'snapshot', source: 'stockade', snapshot: 'daily', queryableAfterSeconds: null };
  expect(body.data).toEqual([
    {
      ...shared,
      id: '000004',
      asOf: '2026-01-26T00:00:00.000Z',
      requestedAt: '2026-01-26T00:00:00.000Z',
      availableAfterSeconds: null,
      provenAfterSeconds: null,
      passed: null,
      summary: null,
      loss: null,
      proofs: [],
      tornDownAt: null,
    },
    {
      ...shared,
      id: '000003',
      asOf: '2026-01-19T00:00:00.000Z',
      requestedAt: '2026-01-19T00:00:00.000Z',
      availableAfterSeconds: 60,
      provenAfterSeconds: 4_800,
      passed: true,
      summary: 'Proven.',
      loss: { seconds: 90, entries: 2, movements: 3 },
      proofs: [{ proof: 'loss', verdict: 'passed', faults: [], faultCount: 0 }],
      tornDownAt: '2026-01-19T01:20:01.000Z',
    },
  ]);
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

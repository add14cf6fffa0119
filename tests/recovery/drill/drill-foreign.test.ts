import { expect, test } from 'vitest';
import { putEvidence } from '#platform/aws/evidence.ts';
import { dueDrill } from '#recovery/drill/begin.ts';
import { tickDrill } from '#recovery/drill/drill.ts';
import { listDrills, trendOfDrills } from '#recovery/drill/list-drills.ts';
import { lastDrill, newestDrill, nextDrillId } from '#recovery/drill/records.ts';
import { lastDrill as lastDrillCheck } from '#recovery/monitor/checks/drills.ts';
import { surroundings } from '../surroundings.ts';
import { now, openScriptedDrills } from './scripted-drills.ts';

/** Anybody who may write to the evidence bucket may write something else where the records of drills are. */

const drills = openScriptedDrills();
const day = now.toISOString().slice(0, 10);
const key = (id: string, name: string) => `drills/${day}/${id}/${name}.json`;
const record = (milestone: string, detail: unknown, more: object = {}) =>
  JSON.stringify({
    ...{
      format: 'stockade drill 1',
      drill: '000002',
      milestone,
      at: now.toISOString(),
      previous: null,
      detail,
    },
    ...more,
  });

test.each([
  ['nothing', ''],
  ['HTML', '<html>503</html>'],
  ['null', 'null'],
  ['a list', '[]'],
  ['another shape', '{"format":"stockade drill 1"}'],
  ['an impossible instant', record('requested', {}, { at: 'soon' })],
  ['a request without a source', record('requested', { kind: 'snapshot' })],
  ['the record of another drill', record('available', {}, { drill: '000001' })],
  ['another milestone', record('torn-down', {})],
  ['a hundred thousand levels deep', '['.repeat(100_000)],
])('a request that is %s is named, and the other drills are listed', async (_, body) => {
  await drills.request({}, 60_000);
  await drills.reach('available', 'verdict');
  await putEvidence(key('000002', '01-requested'), body);
  const { rows, unreadable } = await listDrills({ limit: 10, after: undefined });
  expect([rows.map(({ id }) => id), unreadable]).toEqual([['000001'], [key('000002', '01-requested')]]);
  expect(await trendOfDrills(now)).toBeUndefined();
  expect(await newestDrill()).toMatchObject({ id: '000001', unreadable: [] });
  // Its number is taken, and the next drill is due as if it were not there.
  expect([await nextDrillId(), await dueDrill(60_000, now)]).toEqual(['000003', { kind: 'point-in-time' }]);
  expect(await lastDrill()).toMatchObject({
    ...{ id: '000001', passed: true, brokenLinks: [] },
    unreadableSince: [key('000002', '01-requested')],
  });
});

test('a verdict that is none is a failed drill, and the tick that reads it ends', async () => {
  await drills.request({}, 60_000);
  await drills.reach('available');
  await putEvidence(key('000001', '04-verdict'), '{}');
  await putEvidence(key('000001', '05-torn-down'), 'gone');
  expect((await tickDrill(drills.around()))?.drill).toMatchObject({
    id: '000001',
    verdict: {
      passed: false,
      summary: `The verdict is not known: ${key('000001', '04-verdict')} is no record.`,
    },
    unreadable: [key('000001', '04-verdict'), key('000001', '05-torn-down')],
  });
  const finding = await lastDrillCheck.run({ ...surroundings(), lastDrill });
  expect(finding).toMatchObject({ status: 'fail' });
});

test('the monitor names what is no record, although the last drill has passed', async () => {
  await drills.request({}, 60_000);
  await drills.reach('available', 'verdict');
  await putEvidence(key('000002', '01-requested'), 'x');
  const last = await lastDrill();
  const source = surroundings().rds?.identifier ?? '';
  const named = last && { ...last, request: { ...last.request, source } };
  expect(await lastDrillCheck.run({ ...surroundings(), lastDrill: async () => named })).toMatchObject({
    status: 'fail',
    summary: `Drill records cannot be read, because somebody has written something else: ${key('000002', '01-requested')}.`,
    facts: { unreadable: [key('000002', '01-requested')] },
  });
});

test.each([
  'drills/readme.txt',
  `drills/${day}/000009/01-verdict.json`,
  `drills/${day}/999/01-requested.json`,
  `drills/${day}/9999999999999/01-requested.json`,
  'drills/1/2/3/4',
])('%s is a key of no drill: it is named, and is no link of a later record', async (foreign) => {
  await drills.request({}, 60_000);
  await putEvidence(foreign, 'x');
  await drills.reach('available', 'verdict');
  const { rows, unreadable } = await listDrills({ limit: 10, after: undefined });
  expect([rows.map(({ id }) => id), unreadable]).toEqual([['000001'], [foreign]]);
  expect(await lastDrill()).toMatchObject({ brokenLinks: [], unreadableSince: [] });
  expect(await nextDrillId()).toBe('000002');
});

test('the ids of drills are numbers, however many digits they have', async () => {
  await drills.request({}, 60_000, '999999');
  await drills.request({}, 0, '1000000');
  expect([(await newestDrill())?.id, await nextDrillId()]).toEqual(['1000000', '1000001']);
  const page = await listDrills({ limit: 1, after: undefined });
  const rest = await listDrills({ limit: 1, after: page.next });
  expect([...page.rows, ...rest.rows].map(({ id }) => id)).toEqual(['1000000', '999999']);
});

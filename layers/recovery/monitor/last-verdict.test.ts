import { expect, test } from 'vitest';
import { putEvidence } from '#platform/evidence.ts';
import { openAws } from '#tests/aws.ts';
import { lastVerdict } from './last-verdict.ts';

openAws();

const put = (key: string, record: object | string) =>
  putEvidence(`drills/${key}`, typeof record === 'string' ? record : JSON.stringify(record));
const verdict = (drillId: string, at: string, passed = true) => ({
  drillId,
  passed,
  at,
  provenAfterMs: 1000,
});

test('the verdict that was given last counts, whatever the ids of the drills, and none is made up', async () => {
  expect(await lastVerdict()).toBeUndefined();
  await put('2026-01-04/a/01-requested.json', { drillId: 'a' });
  expect(await lastVerdict()).toBeUndefined();
  await put('2026-01-04/z/04-verdict.json', verdict('z', '2026-01-04T08:00:00Z'));
  await put('2026-01-04/a/04-verdict.json', verdict('a', '2026-01-04T09:00:00Z', false));
  expect(await lastVerdict()).toEqual({
    id: 'a',
    passed: false,
    at: new Date('2026-01-04T09:00:00Z'),
    provenAfterMs: 1000,
  });
  await put('2026-01-11/b/04-verdict.json', { ...verdict('b', '2026-01-11T09:00:00Z'), provenAfterMs: null });
  expect(await lastVerdict()).toMatchObject({ id: 'b', passed: true, provenAfterMs: undefined });
  // One that has begun since says nothing yet.
  await put('2026-01-18/c/01-requested.json', { drillId: 'c' });
  expect(await lastVerdict()).toMatchObject({ id: 'b' });
});

test.each(['{}', 'no json', '{"drillId":"d","passed":"yes","at":"2026-02-01T00:00:00Z","provenAfterMs":1}'])(
  'a verdict that is %s is no verdict, and nothing older takes its place',
  async (text) => {
    const day = `2026-02-${String(text.length % 28).padStart(2, '0')}`;
    await put(`${day}/d/04-verdict.json`, text);
    await expect(lastVerdict()).rejects.toThrow('is no verdict of a drill');
  },
);

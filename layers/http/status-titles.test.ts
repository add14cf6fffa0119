import { STATUS_CODES } from 'node:http';
import { expect, test } from 'vitest';
import { problems } from './openapi/problems.ts';
import { statusTitles } from './status-titles.ts';

test('every documented refusal has the title that its status has everywhere', () => {
  const statuses = Object.values(problems).flatMap(({ statuses }): readonly number[] => statuses);
  for (const status of statuses)
    expect([status, statusTitles[status]]).toEqual([status, STATUS_CODES[status]]);
  expect(Object.keys(statusTitles).map(Number).sort()).toEqual([...new Set(statuses)].sort());
});

import { expect, test } from 'vitest';
import { recordMilestone } from '#recovery/drill/records.ts';
import { openAws } from '#tests/aws.ts';

const aws = openAws();
const at = new Date(Date.UTC(2026, 0, 5));
const requested = {
  kind: 'snapshot',
  source: 'stockade',
  snapshot: 'daily',
  instance: 'stockade-drill-1',
  keep: false,
  asOf: at.toISOString(),
} as const;

test('the first record of a milestone counts', async () => {
  await recordMilestone('000001', at, 'requested', requested, at);
  const recorded = aws.evidenceKeys();
  await recordMilestone('000001', at, 'requested', requested, new Date(at.getTime() + 60_000));
  expect(aws.evidenceKeys()).toEqual(recorded);
});

test('a milestone that cannot be recorded is an error', async () => {
  const end = aws.local.s3.faults.inject('denied', { operation: 'PutObject' });
  await expect(recordMilestone('000002', at, 'requested', requested, at)).rejects.toThrow('S3 PutObject');
  end();
});

import { expect, inject, test } from 'vitest';
import { evidenceConfig } from '#platform/config.ts';
import { openAws } from '#tests/aws.ts';
import { faultClasses } from '../prove/reconciliation/faults.ts';
import { proveFaults } from '../prove/reconciliation/results.ts';
import { sealedRowClasses } from '../prove/reconciliation/sealed-rows.ts';

const aws = openAws();

test('every class of faults is found at the right balances, named, and corrected or left as the policy says', async () => {
  const { results } = await proveFaults({
    clusterUrl: inject('clusterUrl'),
    template: inject('templateDatabase'),
    loseEvidence: (key) => aws.local.s3.lose(evidenceConfig().bucket, key),
  });
  expect(results.flatMap(({ name, faults }) => faults.map((fault) => `${name}: ${fault}`))).toEqual([]);
  expect(results.map(({ name }) => name)).toEqual(
    [...faultClasses, ...sealedRowClasses].map(({ name }) => name),
  );
}, 240_000);

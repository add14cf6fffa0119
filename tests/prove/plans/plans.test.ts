import { globSync } from 'node:fs';
import { basename } from 'node:path';
import { expect, inject, test } from 'vitest';
import { routeKey, routes } from '#functions/routes.ts';
import { paths } from '#scripts/paths.ts';
import { jobsNotAsked } from './job-steps.ts';
import { smallLedgers } from './ledgers.ts';
import { provePlans, steps } from './proof.ts';
import { refusedText } from './report.ts';

test('every route and every job has a step, or a reason to have none', () => {
  const jobs = globSync('functions/jobs/*.lambda.ts', { cwd: paths.root }).map((file) =>
    basename(file, '.lambda.ts'),
  );
  const taken = new Set([...steps.map(({ of }) => of), ...Object.keys(jobsNotAsked)]);
  expect([...routes.map(routeKey), ...jobs].filter((name) => !taken.has(name))).toEqual([]);
});

test('every statement finds its rows by key, with the same plan in an empty database and in a larger one', async () => {
  const { statements } = await provePlans(
    {
      clusterUrl: inject('clusterUrl'),
      template: inject('templateDatabase'),
      logFile: inject('clusterLog'),
    },
    { ledgers: smallLedgers },
  );
  expect(statements.length).toBeGreaterThan(200);
  expect(statements.filter(({ faults }) => faults.length > 0).map(refusedText)).toEqual([]);
});

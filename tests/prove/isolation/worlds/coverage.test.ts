import { expect, test } from 'vitest';
import { Coverage, provenRoutes } from './coverage.ts';
import type { Step } from './step.ts';
import { tour } from './tour.ts';

/** The gaps after each step was answered with a status, by default 200. */
function gapsAfter(steps: readonly Step[], statusOf: (step: Step) => number = () => 200): string[] {
  const coverage = new Coverage();
  for (const step of steps) coverage.note(step, statusOf(step));
  return coverage.gaps();
}

test('the tour covers every route of a tenant and every job, with a key, with a token and with both', () => {
  expect(gapsAfter(tour)).toEqual([]);
});

test('every route that was never asked is a gap', () => {
  for (const route of provenRoutes) {
    expect(gapsAfter(tour.filter((step) => step.route !== route))).toEqual([`${route} was never asked`]);
  }
});

test('a route that always refuses a credential is a gap for that credential', () => {
  const refused = (step: Step) => (step.route === 'GET /v1/seals' && step.by?.includes('admin') ? 401 : 200);
  expect(gapsAfter(tour, refused)).toEqual(
    ['a token', 'a key and a token'].map((credential) => `GET /v1/seals never succeeded with ${credential}`),
  );
});

test('a job that always fails is a gap; a path without a route must not succeed', () => {
  expect(gapsAfter(tour, ({ route }) => (route === 'seal' ? 409 : route === '$default' ? 404 : 200))).toEqual(
    ['seal never succeeded with anything'],
  );
});

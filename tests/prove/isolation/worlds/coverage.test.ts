import { expect, test } from 'vitest';
import { Coverage, provenRoutes } from './coverage.ts';
import type { Step } from './step.ts';
import { tour } from './tour.ts';

/** The gaps when every step was answered with a status, 200 unless told. */
function gapsAfter(steps: readonly Step[], statusOf: (step: Step) => number = () => 200): string[] {
  const coverage = new Coverage();
  for (const step of steps) coverage.note(step, statusOf(step));
  return coverage.gaps();
}

test('the tour asks every route of a tenant and every job, with a key, with a token and with both', () => {
  expect(gapsAfter(tour)).toEqual([]);
});

test('a route that was never asked is a gap, whichever it is', () => {
  for (const route of provenRoutes) {
    expect(gapsAfter(tour.filter((step) => step.route !== route))).toEqual([`${route} was never asked`]);
  }
});

test('a route that only ever refuses is a gap for each credential it refuses', () => {
  const refused = (step: Step) => (step.route === 'GET /v1/seals' && step.by?.includes('admin') ? 401 : 200);
  expect(gapsAfter(tour, refused)).toEqual(
    ['a token', 'a key and a token'].map(
      (credential) => `GET /v1/seals, asked with ${credential}, was never answered with success`,
    ),
  );
});

test('a job that always fails is a gap; a path without a route need not be found', () => {
  expect(gapsAfter(tour, ({ route }) => (route === 'seal' ? 409 : route === '$default' ? 404 : 200))).toEqual(
    ['seal, asked with anything, was never answered with success'],
  );
});

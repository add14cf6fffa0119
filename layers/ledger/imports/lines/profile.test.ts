import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { InvalidInput } from '#platform/errors.ts';
import { parseProfile, profileDigest } from './profile.ts';

const smallest = {
  sku: { column: 'SKU' },
  quantity: { column: 'Qty', sign: 'in' },
  location: { constant: 'main' },
};

function errorsOf(profile: unknown): Record<string, string> {
  try {
    parseProfile(profile);
  } catch (error) {
    if (error instanceof InvalidInput) {
      return Object.fromEntries(error.options.errors?.map(({ field, message }) => [field, message]) ?? []);
    }
    throw error;
  }
  return {};
}

test('the example in the documentation is a valid profile', () => {
  const example = readFileSync(
    new URL('../../../../docs/examples/online-retail.profile.json', import.meta.url),
    'utf8',
  );
  expect(parseProfile(JSON.parse(example)).organization?.column).toBe('Country');
});

test('the smallest profile has defaults for everything else', () => {
  expect(parseProfile(smallest)).toEqual({
    ...smallest,
    delimiter: ',',
    items: { unit: 'each', tracking: 'none', allowNegative: false },
  });
});

test('all wrong fields are named at once', () => {
  expect(
    errorsOf({
      quantity: { column: '', sign: 'up' },
      location: { constant: ' x' },
      reference: {},
      time: { column: 'T', format: 'yyyy', timeZone: '+01:00' },
      skew: 1,
    }),
  ).toEqual({
    sku: 'is required',
    'quantity.column': 'must not be empty',
    'quantity.sign': 'must be in, out or byKind',
    'location.constant': 'must not begin or end with a blank',
    reference: 'must be {"column": "…"} or {"constant": "…"}',
    'time.format': expect.stringContaining('yyyy'),
    'time.timeZone': expect.stringContaining('Europe/London'),
    profile: 'has no field "skew"',
  });
});

test.each([null, [], 'x', 1])('%j is not a profile', (profile) => {
  expect(errorsOf(profile)).toEqual({ profile: 'must be a JSON object' });
});

test('with the sign byKind, a kind with a sign is required', () => {
  const byKind = { ...smallest, quantity: { column: 'Qty', sign: 'byKind' } };
  expect(errorsOf(byKind)).toHaveProperty('kind');
  expect(errorsOf({ ...byKind, kind: { constant: 'adjustment' } })).toHaveProperty('kind');
  expect(errorsOf({ ...byKind, kind: { constant: 'issue' } })).toEqual({});
});

test('the digest depends on how lines are read, not on layout, defaults, or the fields of new items', () => {
  const digest = (profile: unknown) => profileDigest(parseProfile(profile)).toString('hex');
  const { sku, location } = smallest;
  expect(digest({ location, quantity: { sign: 'in', column: 'Qty' }, sku, delimiter: ',' })).toBe(
    digest(smallest),
  );
  expect(digest({ ...smallest, items: { allowNegative: true } })).toBe(digest(smallest));
  expect(digest({ ...smallest, quantity: { column: 'Qty', sign: 'out' } })).not.toBe(digest(smallest));
  expect(digest({ ...smallest, location: { constant: 'other' } })).not.toBe(digest(smallest));
});

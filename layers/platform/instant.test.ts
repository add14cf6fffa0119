import { expect, test } from 'vitest';
import { Instant } from './instant.ts';

const form = 'must be an ISO 8601 time with an offset, such as 2026-03-01T09:30:00Z';
const messages = (value: unknown) => Instant.safeParse(value).error?.issues.map(({ message }) => message);

test.each([
  '1900-01-01T00:00:00Z',
  '9999-12-31T23:59:59.999Z',
  '2024-02-29T23:59:59Z',
  '2026-03-01T09:30:00.123456789Z',
  '2026-03-01T09:30:00+00:00',
  '2026-03-01T09:30:00+14:00',
  '2026-03-01T09:30:00+15:59',
  '2026-03-01T09:30:00-15:59',
])('%s is an instant, and is kept as written', (value) => {
  expect(Instant.parse(value)).toBe(value);
});

test.each([
  ['2026-03-01T09:30:00', form],
  ['2026-03-01', form],
  ['2026-03-01T09:30Z', form],
  ['2025-02-29T00:00:00Z', form],
  ['2026-03-01T24:00:00Z', form],
  ['2026-03-01T09:30:60Z', form],
  ['10000-01-01T00:00:00Z', form],
  ['yesterday', form],
  ['', form],
  [1_772_357_400, form],
  [null, form],
  ['1899-12-31T23:59:59.999Z', 'must not be before the year 1900'],
  ['1900-01-01T00:00:00+00:01', 'must not be before the year 1900'],
  ['0000-01-01T00:00:00Z', 'must not be before the year 1900'],
  ['9999-12-31T23:59:59.9991Z', 'must not be after the year 9999'],
  ['9999-12-31T23:59:59-00:01', 'must not be after the year 9999'],
  ['2026-03-01T09:30:00+16:00', 'must have an offset of less than 16 hours'],
  ['2026-03-01T09:30:00-19:30', 'must have an offset of less than 16 hours'],
  ['2026-03-01T09:30:00+23:59', 'must have an offset of less than 16 hours'],
  ['2026-03-01T09:30:00.1234567890Z', 'must have at most nine decimals'],
])('%s is none: %s', (value, message) => {
  expect(messages(value)).toEqual([message]);
});

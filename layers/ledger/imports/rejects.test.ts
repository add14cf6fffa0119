import { expect, test } from 'vitest';
import { OrderedRejects, type Reject } from './rejects.ts';
import { Trial } from './trial.ts';

const reject = (line: number): Reject => ({ line, reason: `r${line}`, record: [] as never });

test('rejects are written in the order of the file, and only when no earlier reject can follow', async () => {
  const handed: number[] = [];
  const rejects = new OrderedRejects(async ({ line }) => void handed.push(line));
  for (const line of [9, 3, 5]) rejects.add(reject(line));
  await rejects.flushBefore(5);
  expect(handed).toEqual([3]);
  rejects.add(reject(6));
  await rejects.flushBefore(5);
  expect(handed).toEqual([3]);
  await rejects.flushBefore(Number.POSITIVE_INFINITY);
  await rejects.flushBefore(Number.POSITIVE_INFINITY);
  expect([handed, rejects.count]).toEqual([[3, 5, 6, 9], 4]);
});

test('a reject that cannot be written fails the import, and the next one is not written before it', async () => {
  const handed: number[] = [];
  const rejects = new OrderedRejects(async ({ line }) => {
    if (line === 2) throw new Error('the disk is full');
    handed.push(line);
  });
  for (const line of [3, 2, 1]) rejects.add(reject(line));
  await expect(rejects.flushBefore(10)).rejects.toThrow('the disk is full');
  expect(handed).toEqual([1]);
});

const acme = { id: undefined, slug: 'acme' };
const none = { items: null, locations: null };
const posted = { ...{ applied: 1, entries: 1, itemsCreated: 0, locationsCreated: 0 }, rejected: [] };
const entry = (...lines: readonly object[]) =>
  [{ kind: 'receipt', reference: null, time: null, lines }] as never;
const key = (sku: string, lot = '') => ({ sku, location: 'MAIN', lot });

test('a trial knows exactly what earlier batches would have moved of these balances, for each organization alone', () => {
  const trial = new Trial();
  const moved = [
    { ...key('A'), quantity: 0.1 },
    { ...key('A'), quantity: 0.2 },
    { ...key('A', 'L1'), quantity: 5 },
    { ...key('B'), quantity: 3 },
  ];
  trial.remember(acme, { ...posted, moved, missing: none });
  trial.remember(acme, { ...posted, moved: [{ ...key('B'), quantity: -3 }], missing: none });
  expect(trial.movedBefore(acme, entry(key('A'), key('A'), key('B'), key('C')))).toEqual([
    { ...key('A'), quantity: 0.3 },
  ]);
  expect(trial.movedBefore(acme, entry(key('A', 'L1')))).toEqual([{ ...key('A', 'L1'), quantity: 5 }]);
  expect(trial.movedBefore({ id: undefined, slug: 'globex' }, entry(key('A')))).toEqual([]);
});

test('a trial counts a new item or location once; an item and a location with the same code are two', () => {
  const trial = new Trial();
  const remember = (items: string[] | null, locations: string[] | null, organization = acme) =>
    trial.remember(organization, { ...posted, moved: null, missing: { items, locations } });
  expect(remember(['X', 'Y'], ['X'])).toEqual({ items: 2, locations: 1 });
  expect(remember(['X', 'Z'], null)).toEqual({ items: 1, locations: 0 });
  expect(remember(['X'], ['X'], { id: undefined, slug: 'globex' })).toEqual({ items: 1, locations: 1 });
  expect(trial.remember(acme, { ...posted, moved: null, missing: none })).toEqual({ items: 0, locations: 0 });
});

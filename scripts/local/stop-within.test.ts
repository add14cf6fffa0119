import { expect, test } from 'vitest';
import { stopWithin } from './stop-within.ts';

const hanging = () => new Promise<void>(() => {});
const patient = { wholeMs: 60_000, withoutDatabaseMs: 60_000 };

test('steps are taken in reverse, each after the one before has ended, and once', async () => {
  const taken: string[] = [];
  const step = (name: string) => async () => {
    taken.push(`${name} begins`);
    await Promise.resolve();
    taken.push(`${name} ends`);
  };
  const steps = [step('database'), step('aws'), step('jobs')];
  await stopWithin(steps, patient);
  await stopWithin(steps, patient);
  const order = ['jobs', 'aws', 'database'];
  expect(taken).toEqual(order.flatMap((name) => [`${name} begins`, `${name} ends`]));
});

test.each([
  ['the time is over', { wholeMs: 1, withoutDatabaseMs: 60_000 }, hanging()],
  ['the database has ended', { wholeMs: 60_000, withoutDatabaseMs: 1 }, Promise.resolve()],
])(
  'a step that hangs is left when %s, and the database is stopped all the same',
  async (_, patience, ended) => {
    const taken: string[] = [];
    const note = (name: string) => async () => void taken.push(name);
    await stopWithin([note('database'), note('aws'), hanging, hanging], patience, ended);
    expect(taken).toEqual(['aws', 'database']);
  },
);

test('a step that fails stops no other, and is reported at the end', async () => {
  const taken: string[] = [];
  const failing = async () => {
    throw new Error('no');
  };
  const stopping = stopWithin([async () => void taken.push('database'), failing], patient);
  await expect(stopping).rejects.toThrow('no');
  expect(taken).toEqual(['database']);
});

import { expect, test } from 'vitest';
import { AwsError } from './aws-error.ts';
import { createFaults, NoAnswer } from './faults.ts';

const word = (code: string) => (operation: string) => new AwsError(code, 400, operation);
const faults = () =>
  createFaults<'own' | 'later'>(
    { throttled: word('Throttled'), denied: word('Denied'), failing: word('Failing') },
    { own: word('Own') },
  );

/** What came of an operation, and whether it happened. */
async function meet(met: ReturnType<typeof faults>, operation = 'Put') {
  let happened = false;
  const outcome = await met
    .meet(operation, async () => {
      happened = true;
      return 'done';
    })
    .catch((error: AwsError | NoAnswer) => (error instanceof NoAnswer ? error.message : error.code));
  return [outcome, happened];
}

test.each([
  ['throttled', 'Throttled', false],
  ['denied', 'Denied', false],
  ['failing', 'Failing', false],
  ['own', 'Own', false],
  ['down', 'down', false],
  ['answer-lost', 'answer-lost', true],
] as const)('%s: %s, and it has happened: %s', async (fault, outcome, happened) => {
  const met = faults();
  met.inject(fault);
  expect(await meet(met)).toEqual([outcome, happened]);
  met.clear();
  expect(await meet(met)).toEqual(['done', true]);
});

test('a fault meets so many requests, of one operation when it names one, until it is ended', async () => {
  const met = faults();
  met.inject('denied', { operation: 'Put', times: 2 });
  expect(await meet(met, 'Get')).toEqual(['done', true]);
  expect(await meet(met)).toEqual(['Denied', false]);
  expect(await meet(met)).toEqual(['Denied', false]);
  expect(await meet(met)).toEqual(['done', true]);
  const end = met.inject('throttled');
  for (const operation of ['Put', 'Get', 'Put'])
    expect(await meet(met, operation)).toEqual(['Throttled', false]);
  end();
  expect(await meet(met)).toEqual(['done', true]);
});

test('the fault that was injected first comes first', async () => {
  const met = faults();
  met.inject('denied', { times: 1 });
  met.inject('throttled', { times: 1 });
  expect([await meet(met), await meet(met)]).toEqual([
    ['Denied', false],
    ['Throttled', false],
  ]);
});

test('what strikes behind the answer lets the answer be, and is used up by striking', async () => {
  const met = faults();
  met.inject('later', { operation: 'Put', times: 1 });
  expect(await meet(met)).toEqual(['done', true]);
  expect([met.strikes('later', 'Get'), met.strikes('own', 'Put')]).toEqual([false, false]);
  expect([met.strikes('later', 'Put'), met.strikes('later', 'Put')]).toEqual([true, false]);
});

import { expect, test } from 'vitest';
import { balanceTrigger, type Window } from '../triggers.ts';
import { type Circumstances, findCauses } from './causes.ts';
import type { Evidence } from './evidence.ts';

/** The third movement of one balance of the organization, and so on: entries are in the order of their times. */
const movement = (n: number) => ({
  movementId: `01990000-0000-7000-8000-00000000000${n}.1`,
  recordedAt: `2026-03-0${n}T00:00:00.000Z`,
});

/** A balance that has the figures after one movement, and lacks another one. */
const cutAfter = (number: number, last: number, next: number): Evidence => ({
  ...{ number, item: `item ${number}`, location: 'MAIN', lot: '' },
  stored: { onHand: 1, reserved: 0, version: 1 },
  computed: { onHand: 3, reserved: 0, version: 2 },
  closing: undefined,
  sealed: { onHand: 0, version: 0 },
  hasMovedSince: true,
  itemMadeAt: undefined,
  prefix: { last: movement(last), firstDivergent: movement(next) },
  awaitsBackfill: false,
  windows: [],
});

const watched = (knownSince: string, windows: readonly Window[] = []): Circumstances => ({
  triggers: {
    knownSince: new Date(knownSince),
    windowsOf: (trigger) => (trigger === balanceTrigger ? windows : []),
  },
  windows: [],
  sealFaults: [],
  vouchedAt: undefined,
  incompleteEntries: [],
});

const always = watched('2026-01-01T00:00:00Z');
const causesOf = (evidence: readonly Evidence[], circumstances = always) =>
  findCauses(evidence, circumstances).map(({ cause }) => cause);

test('balances that all have the figures of one instant were restored to it', () => {
  const detail = {
    keys: 2,
    lastOfAll: movement(2).movementId,
    firstMissing: movement(3).movementId,
  };
  expect(findCauses([cutAfter(1, 1, 3), cutAfter(2, 2, 4)], always)).toEqual([
    {
      number: 1,
      cause: 'restored_to_older_point',
      detail: { ...detail, firstDivergent: movement(3) },
    },
    {
      number: 2,
      cause: 'restored_to_older_point',
      detail: { ...detail, firstDivergent: movement(4) },
    },
  ]);
});

test('they were not, when one contains what another lacks', () => {
  expect(causesOf([cutAfter(1, 1, 3), cutAfter(2, 3, 4)])).toEqual(['unknown', 'unknown']);
  expect(causesOf([cutAfter(1, 1, 2), cutAfter(2, 3, 4)])).toEqual(['unknown', 'unknown']);
});

test('they were not, when the trigger may have missed what they lack', () => {
  const cut = [cutAfter(1, 1, 3), cutAfter(2, 2, 4)];
  const [from, until] = [new Date('2026-03-02T12:00:00Z'), new Date('2026-03-03T12:00:00Z')];
  expect(causesOf(cut, watched('2026-03-03T00:00:00.001Z'))).toEqual(['unknown', 'unknown']);
  for (const end of [until, undefined])
    expect(causesOf(cut, watched('2026-01-01T00:00:00Z', [{ from, until: end }]))).toEqual([
      'unknown',
      'unknown',
    ]);
  const before = { from, until: new Date('2026-03-03T00:00:00Z') };
  expect(causesOf(cut, watched('2026-03-03T00:00:00Z', [before]))).toEqual([
    'restored_to_older_point',
    'restored_to_older_point',
  ]);
});

test('one balance alone was not, and neither were all when one has other figures', () => {
  expect(causesOf([cutAfter(1, 1, 3)])).toEqual(['unknown']);
  const other = { ...cutAfter(3, 1, 3), prefix: undefined };
  expect(causesOf([cutAfter(1, 1, 3), cutAfter(2, 2, 4), other])).toEqual(['unknown', 'unknown', 'unknown']);
});

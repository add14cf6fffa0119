import { expect, test } from 'vitest';
import golden from './golden-triggers.json' with { type: 'json' };
import { balanceTrigger, type Noted, triggerHistoryOf } from './triggers.ts';

const digest = golden[balanceTrigger];
const right = { enabled: 'A', digest };
const at = (minute: number) => `2026-03-01T10:${String(minute).padStart(2, '0')}:00.000Z`;

function history(
  changes: readonly [minute: number, state: object | undefined, kind?: 'watch'][],
  watching = true,
) {
  return triggerHistoryOf({
    watching,
    changes: changes.map(([minute, state, kind = 'change']) => ({
      at: at(minute),
      kind,
      triggers: state ? { [balanceTrigger]: state } : {},
    })) as Noted['changes'],
  });
}

test('a window ends when the trigger works again', () => {
  const { windowsOf, knownSince } = history([
    [0, right, 'watch'],
    [5, { enabled: 'D', digest }],
    [9, right],
  ]);
  expect(knownSince).toEqual(new Date(at(0)));
  expect(windowsOf(balanceTrigger)).toEqual([{ from: new Date(at(5)), until: new Date(at(9)) }]);
});

test.each([
  ['missing', undefined],
  ['enabled for replicas only', { enabled: 'R', digest }],
  ['not enabled always', { enabled: 'O', digest }],
  ['changed', { enabled: 'A', digest: 'other' }],
])('a trigger that is %s has an open window', (_, state) => {
  const { windowsOf } = history([
    [0, right, 'watch'],
    [3, state],
  ]);
  expect(windowsOf(balanceTrigger)).toEqual([{ from: new Date(at(3)), until: undefined }]);
});

test('the state when the watch began counts as right, whatever a later migration changes', () => {
  const older = { enabled: 'A', digest: 'of an older version' };
  const { windowsOf } = history([
    [0, older, 'watch'],
    [7, right],
  ]);
  expect(windowsOf(balanceTrigger)).toEqual([]);
});

test('without a watch nothing is known; a watch that restarted knows nothing of the time before', () => {
  expect(history([[0, right, 'watch']], false).knownSince).toBeUndefined();
  expect(
    history([
      [0, right, 'watch'],
      [6, right, 'watch'],
    ]).knownSince,
  ).toEqual(new Date(at(6)));
});

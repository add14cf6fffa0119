import { describe, expect, test } from 'vitest';
import type { Mutant } from './mutant.ts';
import { type Reach, testsReaching } from './reach.ts';
import { scoreOf, scoreText } from './score.ts';
import { testsOfSql } from './sql-tests.ts';

/** Verdicts about a folder, with a number of killed mutants and the given survivors. */
function verdictsOf(folder: string, killed: number, ...survivors: readonly string[]) {
  const mutant = (id: string) =>
    ({ id, file: `${folder}/a.ts`, line: 7, kind: 'bound', original: 'a  <\n b', replacement: '' }) as Mutant;
  return [
    ...Array.from({ length: killed }, (_, n) => ({
      mutant: mutant(`k${n}`),
      killedBy: 'a test',
      ran: ['x'],
    })),
    ...survivors.map((id) => ({ mutant: mutant(id), killedBy: undefined, ran: ['x', 'y'] })),
  ];
}

describe('the tests pass', () => {
  test.each([
    ['when all are killed', 3, [], {}, true],
    ['when 95 % are killed, and the survivor has a reason', 19, ['s'], { s: 'nobody can notice' }, true],
    ['not when the survivor has no reason', 19, ['s'], {}, false],
    ['not when fewer than 95 % are killed, even with a reason', 18, ['s'], { s: 'nobody can notice' }, false],
  ])('%s', (_, killed, survivors, reasons, reached) => {
    const score = scoreOf(verdictsOf('layers', killed, ...survivors), reasons);
    expect(score.reached).toBe(reached);
    expect(score.folders).toEqual([{ folder: 'layers', planted: killed + survivors.length, killed }]);
  });

  test('only when they pass in every folder', () => {
    const verdicts = [...verdictsOf('layers', 100), ...verdictsOf('sql', 9, 's')];
    expect(scoreOf(verdicts, { s: 'nobody can notice' }).reached).toBe(false);
  });
});

test('a survivor is reported with its place, its change and its reason, or with the test files that missed it', () => {
  const score = scoreOf(verdictsOf('infra', 1, 'first', 'second'), { first: 'Only its speed differs.' });
  expect(scoreText(score).split('\n')).toEqual([
    'folder     planted  killed survived',
    'infra            3       1        2  33.3 %',
    '',
    'Survivors:',
    'first infra/a.ts:7 (bound): a < b -> nothing',
    '    Only its speed differs.',
    'second infra/a.ts:7 (bound): a < b -> nothing',
    '    no reason given; 2 test files did not notice it',
    '',
    'Required: 95 % in every folder, and a reason for every survivor.',
  ]);
});

test('the tests of the most relevant folder for a SQL file come first', () => {
  const files = [
    'tests/api/items.test.ts',
    'tests/ledger/a.test.ts',
    'tests/seals/b.test.ts',
    'infra/c.test.ts',
    'sql/lint/d.test.ts',
    'tests/migrations/e.test.ts',
    'tests/migrations/moving-in/f.test.ts',
  ];
  const moving = [files[6], files[5]];
  expect(testsOfSql('sql/functions/inventory/posting.sql', files)).toEqual([files[1], files[0], files[2]]);
  expect(testsOfSql('sql/functions/inventory/seals.sql', files)).toEqual([files[2]]);
  expect(testsOfSql('sql/migrations/000018_seals.sql', files)).toEqual([files[2], files[4]]);
  expect(testsOfSql('sql/functions/moving_in/balances.sql', files)).toEqual(moving);
  expect(testsOfSql('sql/migrations/000032_switch.sql', files)).toEqual([...moving, files[4]]);
});

test('the test beside a file is tried first, although it has noted nothing', () => {
  const reach = (...reaches: string[]) => ({ reaches, durationMs: 1 });
  const tests = {
    'tests/far.test.ts': reach('one'),
    'infra/app.test.ts': reach(),
    'tests/none.test.ts': reach(),
  };
  const mutant = { id: 'one', file: 'infra/app.ts' } as Mutant;
  expect(testsReaching(mutant, { tests } as unknown as Reach)).toEqual([
    'infra/app.test.ts',
    'tests/far.test.ts',
  ]);
});

import { expect, test } from 'vitest';
import type { RuleOutcome } from '#schema/lint/isolation-lint.ts';
import type { IsolationRule } from '#schema/lint/isolation-rules.ts';
import { isolationFaults, isolationJson, isolationText } from './report.ts';

const rule = (number: string, level: IsolationRule['level']) =>
  ({ number, name: `${number}_rule`, title: `Title ${number}`, level }) as IsolationRule;
const fault = (object: string) => ({ object, detail: `detail of ${object}`, remedy: `mend ${object}` });
const leak: RuleOutcome = { rule: rule('0001', 'leak'), faults: [fault('a'), fault('b')] };
const weakness: RuleOutcome = { rule: rule('0002', 'weakness'), faults: [fault('c')] };
const notRun: RuleOutcome = { rule: rule('0003', 'leak'), faults: [], couldNotRun: 'no permission' };
const fine: RuleOutcome = { rule: rule('0004', 'leak'), faults: [] };
const report = (ok: boolean, ...outcomes: RuleOutcome[]) => ({ ok, durationMs: 12.6, outcomes });

const paragraphs = [
  [
    'LEAK      0001 Title 0001',
    '  a: detail of a',
    '    mend a',
    '  b: detail of b',
    '    mend b',
    '  see docs/isolation/0001_rule.md',
  ],
  ['WEAKNESS  0002 Title 0002', '  c: detail of c', '    mend c', '  see docs/isolation/0002_rule.md'],
  ['NOT RUN   0003 Title 0003', '  no permission', '  see docs/isolation/0003_rule.md'],
].map((lines) => lines.join('\n'));

test('a report without faults is one line', () => {
  expect(isolationText(report(true, fine))).toBe(
    'No faults: organizations are isolated from each other (1 rule, 13 ms).',
  );
  expect(isolationText(report(true, fine, fine))).toBe(
    'No faults: organizations are isolated from each other (2 rules, 13 ms).',
  );
  expect(isolationFaults(report(true, fine))).toEqual([]);
});

test.each([
  [[leak, weakness, notRun, fine], paragraphs, '3 faults, 1 rule could not run (4 rules).'],
  [[weakness], paragraphs.slice(1, 2), '1 fault (1 rule).'],
  [[notRun, notRun], [paragraphs[2], paragraphs[2]], '0 faults, 2 rules could not run (2 rules).'],
])('every fault has what, where, what to do and where to read more', (outcomes, expected, summary) => {
  expect(isolationFaults(report(false, ...outcomes))).toEqual(expected);
  expect(isolationText(report(false, ...outcomes))).toBe([...expected, summary].join('\n\n'));
});

test('programs get one flat list of faults, and one of what could not run', () => {
  const about = (number: string, level: string) => ({
    rule: number,
    name: `${number}_rule`,
    title: `Title ${number}`,
    level,
    page: `docs/isolation/${number}_rule.md`,
  });
  expect(isolationJson(report(false, leak, weakness, notRun, fine))).toEqual({
    ok: false,
    durationMs: 13,
    rules: 4,
    faults: [
      { ...about('0001', 'leak'), ...fault('a') },
      { ...about('0001', 'leak'), ...fault('b') },
      { ...about('0002', 'weakness'), ...fault('c') },
    ],
    couldNotRun: [{ ...about('0003', 'leak'), reason: 'no permission' }],
  });
});

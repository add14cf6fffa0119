import { afterEach, expect, test, vi } from 'vitest';
import type { CheckResult, CheckStatus } from '#recovery/monitor/check.ts';
import { countsOf, resultsText } from './report.ts';

afterEach(() => vi.unstubAllEnvs());

const result = (status: CheckStatus, check: string): CheckResult => ({
  check,
  title: 'T',
  status,
  summary: `what ${check} has found.`,
  facts: {},
  runbook: `docs/runbook/${check}.md`,
});
const none = { ok: 0, warn: 0, fail: 0, could_not_run: 0, not_applicable: 0 };
const one = [
  result('ok', 'retention'),
  result('not_applicable', 'durability'),
  result('warn', 'copy'),
  result('fail', 'a-check-of-a-long-name'),
  result('could_not_run', 'alerts'),
];

test('results come in order, faults with their page, and checks that do not apply in a list of their own', () => {
  vi.stubEnv('NO_COLOR', '1');
  const page = (check: string) => `${' '.repeat(37)}docs/runbook/${check}.md`;
  expect(resultsText(one, 'the instance stockade-prod').split('\n')).toEqual([
    'Backups of the instance stockade-prod:',
    '',
    '  ok         retention               what retention has found.',
    '  warning    copy                    what copy has found.',
    page('copy'),
    '  FAILS      a-check-of-a-long-name  what a-check-of-a-long-name has found.',
    page('a-check-of-a-long-name'),
    '  NOT KNOWN  alerts                  what alerts has found.',
    page('alerts'),
    '',
    'These do not apply here and do not count as passed:',
    '  n/a        durability              what durability has found.',
    '',
    '1 ok, 1 warning, 1 failed, 1 could not run, 1 not applicable.',
  ]);
});

test('where every check applies, that list is missing', () => {
  vi.stubEnv('NO_COLOR', '1');
  expect(resultsText([result('ok', 'retention')], 'x').split('\n')).toEqual([
    'Backups of x:',
    '',
    '  ok         retention               what retention has found.',
    '',
    '1 ok, 0 warnings, 0 failed, 0 could not run, 0 not applicable.',
  ]);
});

test('every status is counted, also with none', () => {
  expect(countsOf([])).toEqual(none);
  expect(countsOf(one)).toEqual({ ok: 1, warn: 1, fail: 1, could_not_run: 1, not_applicable: 1 });
  for (const status of Object.keys(none) as CheckStatus[]) {
    expect(countsOf([result(status, 'a'), result(status, 'b')])).toEqual({ ...none, [status]: 2 });
  }
});

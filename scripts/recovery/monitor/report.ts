import { styleText } from 'node:util';
import { counted } from '#platform/text/plural.ts';
import type { CheckResult, CheckStatus } from '#recovery/monitor/check.ts';

const words: Readonly<
  Record<CheckStatus, readonly [word: string, colour: 'green' | 'yellow' | 'red' | 'dim']>
> = {
  ok: ['ok', 'green'],
  warn: ['warning', 'yellow'],
  fail: ['FAILS', 'red'],
  could_not_run: ['NOT KNOWN', 'red'],
  not_applicable: ['n/a', 'dim'],
};

/** The results for people: each fault with its page, and checks that do not apply in a list of their own. */
export function resultsText(results: readonly CheckResult[], about: string): string {
  const isApplicable = ({ status }: CheckResult) => status !== 'not_applicable';
  const applying = results.filter(isApplicable);
  const others = results.filter((each) => !isApplicable(each));
  return [
    `Backups of ${about}:`,
    '',
    ...applying.flatMap(line),
    ...(others.length > 0 ? ['', 'These do not apply here and do not count as passed:'] : []),
    ...others.flatMap(line),
    '',
    summaryOf(results),
  ].join('\n');
}

/** The number of checks with each status. */
export function countsOf(results: readonly CheckResult[]): Readonly<Record<CheckStatus, number>> {
  const of = (status: CheckStatus) => results.filter((each) => each.status === status).length;
  return {
    ok: of('ok'),
    warn: of('warn'),
    fail: of('fail'),
    could_not_run: of('could_not_run'),
    not_applicable: of('not_applicable'),
  };
}

function line({ check, status, summary, runbook }: CheckResult): string[] {
  const [word, colour] = words[status];
  const head = `  ${styleText(colour, word.padEnd(9), { stream: process.stdout })}  ${check.padEnd(22)}  ${summary}`;
  return ['ok', 'not_applicable'].includes(status) ? [head] : [head, `${' '.repeat(37)}${runbook}`];
}

function summaryOf(results: readonly CheckResult[]): string {
  const { ok, warn, fail, could_not_run, not_applicable } = countsOf(results);
  return `${ok} ok, ${counted(warn, 'warning')}, ${fail} failed, ${could_not_run} could not run, ${not_applicable} not applicable.`;
}

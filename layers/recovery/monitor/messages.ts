import type { Alert } from '#platform/alerts.ts';
import { spoken } from '../policy.ts';
import type { Change } from './changes.ts';
import type { CheckResult } from './check.ts';

const blindRunbook = 'docs/runbook/backup-could-not-run.md';
const commandToRun = 'npm run monitor:backups';

/**
 * What is told about changes: one message for each check that is wrong, one for all that could not run (when a permission
 * is missing that is many at once), one for all that are well again.
 */
export function messagesOf(changes: readonly Change[], now: Date): Alert[] {
  const wrong = changes.filter(
    ({ occasion, state }) => occasion !== 'resolved' && state.status !== 'could_not_run',
  );
  const blind = changes.filter(
    ({ occasion, state }) => occasion !== 'resolved' && state.status === 'could_not_run',
  );
  const well = changes.filter(({ occasion }) => occasion === 'resolved');
  return [
    ...wrong.map((each) => wrongMessage(each, now)),
    ...(blind.length > 0 ? [blindMessage(blind, now)] : []),
    ...(well.length > 0 ? [wellMessage(well, now)] : []),
  ];
}

function wrongMessage({ state, severity, occasion }: Change, now: Date): Alert {
  return {
    name: 'BackupCheck',
    severity: severity ?? 'critical',
    summary: `${occasion === 'reminder' ? 'Still: b' : 'B'}ackup check ${state.check}: ${state.status}`,
    detail: [
      state.summary,
      '',
      `What should be so: ${state.title}.`,
      sinceText(state.since, now),
      `To look again: ${commandToRun}`,
    ].join('\n'),
    runbook: state.runbook,
    facts: { occasion, ...factsOf(state), since: state.since },
  };
}

function blindMessage(blind: readonly Change[], now: Date): Alert {
  const checks = blind.map(({ state }) => state);
  const isCritical = blind.some(({ severity }) => severity === 'critical');
  const isReminder = blind.every(({ occasion }) => occasion === 'reminder');
  return {
    name: 'BackupChecksBlind',
    severity: isCritical ? 'critical' : 'warning',
    summary: `${isReminder ? 'Still: ' : ''}${count(checks.length, 'backup check')} could not run`,
    detail: [
      'Nobody knows whether these are so:',
      '',
      ...checks.flatMap(({ check, title, summary, since, runbook }) => [
        `${check}: ${title}.`,
        `  ${summary}`,
        `  ${sinceText(since, now)} ${runbook}`,
      ]),
      '',
      `To look again: ${commandToRun}`,
    ].join('\n'),
    runbook: blindRunbook,
    facts: { checks: checks.map((each) => ({ ...factsOf(each), since: each.since })) },
  };
}

function wellMessage(well: readonly Change[], now: Date): Alert {
  return {
    name: 'BackupChecksResolved',
    severity: 'info',
    summary: `Resolved: ${well.map(({ state }) => state.check).join(', ')}`,
    detail: well
      .map(({ state: { check, summary, alerted } }) => {
        const told =
          alerted && ` It was told ${spoken(now.getTime() - alerted.at.getTime())} ago as ${alerted.status}.`;
        return `${check}: ${summary}${told ?? ''}`;
      })
      .join('\n'),
    runbook: blindRunbook,
    facts: { checks: well.map(({ state }) => factsOf(state)) },
  };
}

/** The one message of a run whose results could not be noted: what was told before is not known. */
export function unnotedMessage(results: readonly CheckResult[], error: Error): Alert {
  const troubled = results.filter(({ status }) => status !== 'ok' && status !== 'not_applicable');
  return {
    name: 'BackupChecksUnnoted',
    severity: 'critical',
    summary: `The backup monitor cannot reach the database; ${troubled.length} of ${results.length} checks are not ok`,
    detail: [
      `The results could not be noted: ${error.message}`,
      'Until they can, this is told in every run, also what was told before.',
      '',
      ...troubled.map(({ check, status, summary, runbook }) => `${check}: ${status}. ${summary} ${runbook}`),
    ].join('\n'),
    runbook: blindRunbook,
    facts: { checks: troubled.map(factsOf) },
  };
}

function factsOf({ check, status, reason, summary, facts, runbook }: CheckResult) {
  return { check, status, ...(reason && { reason }), summary, runbook, facts };
}

function sinceText(since: Date, now: Date): string {
  const ageMs = now.getTime() - since.getTime();
  return ageMs < 60_000 ? 'It is so since just now.' : `It is so for ${spoken(ageMs)}.`;
}

function count(n: number, what: string): string {
  return n === 1 ? `1 ${what}` : `${n} ${what}s`;
}

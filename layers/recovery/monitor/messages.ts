import type { Alert } from '#platform/aws/alerts.ts';
import { counted } from '#platform/text/plural.ts';
import { spoken } from '../policy.ts';
import type { Change } from './changes.ts';
import type { CheckResult, CheckStatus } from './check.ts';

const blindRunbook = 'docs/runbook/backup-could-not-run.md';
const commandToRun = 'npm run monitor:backups';

/**
 * The messages for changes: one for each check that warns or fails, one for all that could not run (a missing permission
 * stops many at once), and one for all that are well again.
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
      `Expected: ${state.title}.`,
      sinceText(state, now),
      `Run the checks again: ${commandToRun}`,
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
    summary: `${isReminder ? 'Still: ' : ''}${counted(checks.length, 'backup check')} could not run`,
    detail: [
      'The results of these checks are unknown:',
      '',
      ...checks.flatMap((each) => [
        `${each.check}: ${each.title}.`,
        `  ${each.summary}`,
        `  ${sinceText(each, now)} ${each.runbook}`,
      ]),
      '',
      `Run the checks again: ${commandToRun}`,
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
        const reported =
          alerted && ` Reported as ${alerted.status} ${spoken(now.getTime() - alerted.at.getTime())} ago.`;
        return `${check}: ${summary}${reported ?? ''}`;
      })
      .join('\n'),
    runbook: blindRunbook,
    facts: { checks: well.map(({ state }) => factsOf(state)) },
  };
}

/** The only message of a run that could not record its results: it cannot know what earlier runs have reported. */
export function unnotedMessage(results: readonly CheckResult[], error: Error): Alert {
  const troubled = results.filter(({ status }) => status !== 'ok' && status !== 'not_applicable');
  return {
    name: 'BackupChecksUnnoted',
    severity: 'critical',
    summary: `The backup monitor cannot reach the database; checks not ok: ${troubled.length} of ${results.length}`,
    detail: [
      `The monitor could not record its results: ${error.message}`,
      'Until it can, every run sends this alert, including failures that were reported before.',
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

const conditions: Readonly<Partial<Record<CheckStatus, string>>> = {
  warn: 'Warning',
  fail: 'Failing',
  could_not_run: 'Unknown',
};

/** Since when a check has had its status, such as `Failing since 2026-03-01 14:02 UTC (1 h 5 min ago).` */
function sinceText({ status, since }: { status: CheckStatus; since: Date }, now: Date): string {
  const ageMs = now.getTime() - since.getTime();
  const age = ageMs < 60_000 ? 'just now' : `${spoken(ageMs)} ago`;
  return `${conditions[status]} since ${since.toISOString().slice(0, 16).replace('T', ' ')} UTC (${age}).`;
}

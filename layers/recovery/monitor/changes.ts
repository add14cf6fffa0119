import type { RecoveryPolicy } from '../policy.ts';
import type { CheckStatus } from './check.ts';
import type { AlertedStatus, AlertSeverity, CheckState } from './states.ts';

/** Why the monitor reports a check: its status has changed, it still has it, or it is well again. */
export type Occasion = 'changed' | 'reminder' | 'resolved';

/** A check to report. */
export interface Change {
  readonly occasion: Occasion;
  readonly state: CheckState;
  /** Undefined when the check is well again. */
  readonly severity: AlertSeverity | undefined;
}

/** Whether a status needs attention. */
export function isTroubled(status: CheckStatus): status is AlertedStatus {
  return status === 'warn' || status === 'fail' || status === 'could_not_run';
}

/** What to report about a check now; undefined when there is nothing new to report. */
export function changeOf(state: CheckState, policy: RecoveryPolicy, now: Date): Change | undefined {
  const { status, alerted } = state;
  if (!isTroubled(status)) {
    return alerted ? { occasion: 'resolved', state, severity: undefined } : undefined;
  }
  const severity = severityOf(state, policy, now);
  if (alerted?.status !== status || alerted.severity !== severity) {
    return { occasion: 'changed', state, severity };
  }
  const isDue = now.getTime() - alerted.at.getTime() >= policy.reminderMs;
  return isDue ? { occasion: 'reminder', state, severity } : undefined;
}

/**
 * A check that could not run is a warning at first, because a single call may fail. After some hours it is critical, because
 * it would not notice a failure either.
 */
function severityOf({ status, since }: CheckState, { blindMs }: RecoveryPolicy, now: Date): AlertSeverity {
  if (status === 'fail') return 'critical';
  const isBlind = status === 'could_not_run' && now.getTime() - since.getTime() >= blindMs;
  return isBlind ? 'critical' : 'warning';
}

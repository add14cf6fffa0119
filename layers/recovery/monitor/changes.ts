import type { RecoveryPolicy } from '../policy.ts';
import type { CheckStatus } from './check.ts';
import type { AlertedStatus, AlertSeverity, CheckState } from './states.ts';

/** Why somebody is told about a check: it has come to this, it still is so, or it is well again. */
export type Occasion = 'changed' | 'reminder' | 'resolved';

/** What is to be told about a check. */
export interface Change {
  readonly occasion: Occasion;
  readonly state: CheckState;
  /** Undefined when it is well again. */
  readonly severity: AlertSeverity | undefined;
}

/** Whether a status is one that somebody has to know of. */
export function isTroubled(status: CheckStatus): status is AlertedStatus {
  return status === 'warn' || status === 'fail' || status === 'could_not_run';
}

/** What is to be told now; undefined when all has been told. */
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

/** Not to know is a warning at first, for a call may fail; who has not known for hours would not know of a failure either. */
function severityOf({ status, since }: CheckState, { blindMs }: RecoveryPolicy, now: Date): AlertSeverity {
  if (status === 'fail') return 'critical';
  const isBlind = status === 'could_not_run' && now.getTime() - since.getTime() >= blindMs;
  return isBlind ? 'critical' : 'warning';
}

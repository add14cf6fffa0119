import {
  Alarm as CloudWatchAlarm,
  ComparisonOperator,
  type IMetric,
  TreatMissingData,
} from 'aws-cdk-lib/aws-cloudwatch';
import { SnsAction } from 'aws-cdk-lib/aws-cloudwatch-actions';
import { Construct } from 'constructs';
import type { StageConfig } from '../settings/config.ts';
import type { AlertTopic } from './alert-topic.ts';

export interface AlarmProps {
  readonly stage: StageConfig;
  readonly alerts: AlertTopic;
  /** In kebab case. The name of the alarm is the stage followed by this. */
  readonly name: string;
  /** critical: wakes the person on call. warning: can wait until the next working day. */
  readonly severity: 'critical' | 'warning';
  /** What has happened, in one sentence. */
  readonly meaning: string;
  /** The runbook page that says what to do: `docs/runbook/<runbook>.md`. */
  readonly runbook: string;
  readonly metric: IMetric;
  readonly when: { readonly atLeast: number } | { readonly lessThan: number };
  /** The number of consecutive periods. */
  readonly periods?: number;
  /** What missing data means: `good` for a count of errors, `alarming` for a heartbeat. */
  readonly silence?: 'good' | 'alarming';
}

/** The house default for an alarm: with a name, a severity and a runbook page. It also notifies when the alarm ends. */
export class Alarm extends Construct {
  constructor(scope: Construct, id: string, props: AlarmProps) {
    super(scope, id);
    const { stage, alerts, when, silence = 'good' } = props;
    const alarm = new CloudWatchAlarm(this, 'Alarm', {
      alarmName: `stockade-${stage.name}-${props.name}`,
      alarmDescription: `${props.severity}: ${props.meaning} Runbook: docs/runbook/${props.runbook}.md`,
      metric: props.metric,
      evaluationPeriods: props.periods ?? 1,
      treatMissingData: silence === 'good' ? TreatMissingData.NOT_BREACHING : TreatMissingData.BREACHING,
      ...('atLeast' in when
        ? {
            threshold: when.atLeast,
            comparisonOperator: ComparisonOperator.GREATER_THAN_OR_EQUAL_TO_THRESHOLD,
          }
        : { threshold: when.lessThan, comparisonOperator: ComparisonOperator.LESS_THAN_THRESHOLD }),
    });
    const tell = new SnsAction(alerts.topic);
    alarm.addAlarmAction(tell);
    alarm.addOkAction(tell);
  }
}

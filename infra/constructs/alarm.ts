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
  /** In kebab case; with the stage before it, the name of the alarm. */
  readonly name: string;
  /** critical: somebody gets up. warning: somebody looks at it on the next working day. */
  readonly severity: 'critical' | 'warning';
  /** What has happened when it alarms, in one sentence. */
  readonly meaning: string;
  /** The page that says what to do: `docs/runbook/<runbook>.md`. */
  readonly runbook: string;
  readonly metric: IMetric;
  readonly when: { readonly atLeast: number } | { readonly lessThan: number };
  /** Periods of the metric in a row. */
  readonly periods?: number;
  /** Whether silence is good news. Nothing counted means nothing happened, unless what is counted is a heartbeat. */
  readonly silence?: 'good' | 'alarming';
}

/** The house default for an alarm: named, graded, with a page of the runbook, and heard when it ends too. */
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

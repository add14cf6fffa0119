import { CfnOutput, Stack } from 'aws-cdk-lib';
import type { Construct } from 'constructs';
import type { StageConfig } from '../config.ts';
import { AlertTopic } from '../constructs/alert-topic.ts';
import { EvidenceBucket } from '../constructs/evidence-bucket.ts';

export interface DataStackProps {
  readonly stage: StageConfig;
  /** Who gets the alerts by e-mail. */
  readonly alertEmails: readonly string[];
}

/** What the other stacks stand on and what outlives them: evidence, and the way to whoever is on call. */
export class DataStack extends Stack {
  readonly alerts: AlertTopic;
  readonly evidence: EvidenceBucket;

  constructor(scope: Construct, id: string, props: DataStackProps) {
    super(scope, id, { description: `Stockade ${props.stage.name}: evidence and alerts` });
    this.alerts = new AlertTopic(this, 'Alerts', { stage: props.stage, emails: props.alertEmails });
    this.evidence = new EvidenceBucket(this, 'Evidence', { stage: props.stage });
    new CfnOutput(this, 'AlertTopic', {
      value: this.alerts.topic.topicArn,
      description: 'Subscribe whoever is on call to it',
    });
  }
}

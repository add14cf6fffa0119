import { CfnOutput, Stack } from 'aws-cdk-lib';
import type { Construct } from 'constructs';
import { AlertTopic } from '../constructs/alert-topic.ts';
import { EvidenceBucket } from '../constructs/evidence-bucket.ts';
import type { StageConfig } from '../settings/config.ts';

export interface DataStackProps {
  readonly stage: StageConfig;
  /** Who gets the alerts by e-mail. */
  readonly alertEmails: readonly string[];
}

/** What the other stacks need and what outlives them: the evidence, and the topic that reaches the person on call. */
export class DataStack extends Stack {
  readonly alerts: AlertTopic;
  readonly evidence: EvidenceBucket;

  constructor(scope: Construct, id: string, props: DataStackProps) {
    super(scope, id, { description: `Stockade ${props.stage.name}: evidence and alerts` });
    this.alerts = new AlertTopic(this, 'Alerts', { stage: props.stage, emails: props.alertEmails });
    this.evidence = this.evidenceOf(props.stage);
    new CfnOutput(this, 'AlertTopic', {
      value: this.alerts.topic.topicArn,
      description: 'Subscribe the person on call to it',
    });
  }

  /** The bucket of this generation. Earlier buckets stay, and so do their exports as long as another stack reads them. */
  private evidenceOf(stage: StageConfig): EvidenceBucket {
    for (let earlier = 1; earlier < stage.evidenceGeneration; earlier += 1) {
      new EvidenceBucket(this, evidenceId(earlier), { stage }).keepExports();
    }
    return new EvidenceBucket(this, evidenceId(stage.evidenceGeneration), { stage });
  }
}

function evidenceId(generation: number): string {
  return generation === 1 ? 'Evidence' : `Evidence${generation}`;
}

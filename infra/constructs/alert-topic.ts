import { RemovalPolicy, Stack, Validations } from 'aws-cdk-lib';
import { PolicyStatement, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { Key } from 'aws-cdk-lib/aws-kms';
import type { Function as Lambda } from 'aws-cdk-lib/aws-lambda';
import { SubscriptionFilter, Topic } from 'aws-cdk-lib/aws-sns';
import { EmailSubscription, LambdaSubscription } from 'aws-cdk-lib/aws-sns-subscriptions';
import { Construct } from 'constructs';
import { environment } from '#platform/environment.ts';
import type { StageConfig } from '../settings/config.ts';

export interface AlertTopicProps {
  readonly stage: StageConfig;
  /** SNS asks each address for a confirmation, and sends nothing before it is given. */
  readonly emails: readonly string[];
}

/** The topic that sends alarms and alerts of jobs to the person on call. It is encrypted and accepts only TLS. */
export class AlertTopic extends Construct {
  readonly topic: Topic;

  constructor(scope: Construct, id: string, { stage, emails }: AlertTopicProps) {
    super(scope, id);
    // CloudWatch cannot use the default key of SNS: its alarms would be lost silently.
    const encryption = new Key(this, 'Encryption', {
      description: `Stockade ${stage.name}: alerts`,
      enableKeyRotation: true,
      removalPolicy: RemovalPolicy.DESTROY,
    });
    this.topic = new Topic(this, 'Topic', {
      displayName: `Stockade ${stage.name}`,
      masterKey: encryption,
      enforceSSL: true,
    });
    const alarms = {
      principals: [new ServicePrincipal('cloudwatch.amazonaws.com')],
      conditions: { StringEquals: { 'aws:SourceAccount': Stack.of(this).account } },
    };
    encryption.addToResourcePolicy(
      new PolicyStatement({ ...alarms, actions: ['kms:Decrypt', 'kms:GenerateDataKey*'], resources: ['*'] }),
    );
    this.topic.addToResourcePolicy(
      new PolicyStatement({ ...alarms, actions: ['sns:Publish'], resources: [this.topic.topicArn] }),
    );
    for (const email of emails) this.topic.addSubscription(new EmailSubscription(email));
  }

  /** Lets a function publish alerts, and sets the variable with the topic. */
  grantPublish(fn: Lambda): void {
    this.topic.grants.publish(fn);
    Validations.of(fn.role ?? fn).acknowledge({
      id: 'AwsSolutions-IAM5[Action::kms:GenerateDataKey*]',
      reason: 'SNS asks for a data key in one of two ways; the grant is for one key.',
    });
    fn.addEnvironment(environment.alertTopicArn, this.topic.topicArn);
  }

  /** Lets a function list the subscribers. A function that may publish already knows the topic. */
  grantListSubscribers(fn: Lambda): void {
    fn.addToRolePolicy(
      new PolicyStatement({ actions: ['sns:ListSubscriptionsByTopic'], resources: [this.topic.topicArn] }),
    );
  }

  /** Subscribes a function to the alerts with one name, like any other subscriber. */
  deliver(fn: Lambda, name: string): void {
    this.topic.addSubscription(
      new LambdaSubscription(fn, {
        filterPolicy: { name: SubscriptionFilter.stringFilter({ allowlist: [name] }) },
      }),
    );
  }
}

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
  /** Each is asked for a confirmation and gets nothing before. */
  readonly emails: readonly string[];
}

/** Where alarms and jobs tell whoever is on call: encrypted, and over TLS only. */
export class AlertTopic extends Construct {
  readonly topic: Topic;

  constructor(scope: Construct, id: string, { stage, emails }: AlertTopicProps) {
    super(scope, id);
    // The key that SNS brings along cannot be used by CloudWatch: its alarms would be lost without a sound.
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

  /** Lets a function publish alerts, and tells it where. */
  grantPublish(fn: Lambda): void {
    this.topic.grants.publish(fn);
    Validations.of(fn.role ?? fn).acknowledge({
      id: 'AwsSolutions-IAM5[Action::kms:GenerateDataKey*]',
      reason: 'SNS asks for a data key in one of two ways; the grant is for one key.',
    });
    fn.addEnvironment(environment.alertTopicArn, this.topic.topicArn);
  }

  /** Lets a function ask who has subscribed; whoever may publish knows of which topic. */
  grantListSubscribers(fn: Lambda): void {
    fn.addToRolePolicy(
      new PolicyStatement({ actions: ['sns:ListSubscriptionsByTopic'], resources: [this.topic.topicArn] }),
    );
  }

  /** Has a function called with every alert of a name, as anybody is who has subscribed. */
  deliver(fn: Lambda, name: string): void {
    this.topic.addSubscription(
      new LambdaSubscription(fn, {
        filterPolicy: { name: SubscriptionFilter.stringFilter({ allowlist: [name] }) },
      }),
    );
  }
}

import { App, Stack } from 'aws-cdk-lib';
import { Match, Template } from 'aws-cdk-lib/assertions';
import { Code, Function as Lambda, Runtime } from 'aws-cdk-lib/aws-lambda';
import { expect, test } from 'vitest';
import { environment } from '#platform/environment.ts';
import { scratchOutput } from '../scratch-output.ts';
import { stageConfig } from '../settings/config.ts';
import { AlertTopic } from './alert-topic.ts';

const newOutput = scratchOutput();

function synthesized(...emails: string[]) {
  const stack = new Stack(new App({ outdir: newOutput() }), 'stack');
  const alerts = new AlertTopic(stack, 'Alerts', { stage: stageConfig('prod'), emails });
  const fn = new Lambda(stack, 'Function', {
    runtime: Runtime.NODEJS_24_X,
    handler: 'index.handler',
    code: Code.fromInline('exports.handler = () => {}'),
  });
  alerts.grantPublish(fn);
  return Template.fromStack(stack);
}

test('a grant gives the permission to publish and to use the key, and the variable with the topic', () => {
  const template = synthesized();
  const [policy] = Object.values(template.findResources('AWS::IAM::Policy'));
  const statements: { Action: unknown }[] = policy?.Properties.PolicyDocument.Statement;
  expect(statements.map(({ Action }) => Action)).toEqual([
    'sns:Publish',
    ['kms:Decrypt', 'kms:GenerateDataKey*'],
  ]);
  template.hasResourceProperties('AWS::Lambda::Function', {
    Environment: {
      Variables: { [environment.alertTopicArn]: { Ref: Match.stringLikeRegexp('^AlertsTopic') } },
    },
  });
});

test('alarms of this account may publish and use the key; requests without TLS are refused', () => {
  const template = synthesized();
  const ofAlarms = {
    Effect: 'Allow',
    Principal: { Service: 'cloudwatch.amazonaws.com' },
    Condition: { StringEquals: { 'aws:SourceAccount': { Ref: 'AWS::AccountId' } } },
  };
  template.hasResourceProperties('AWS::SNS::TopicPolicy', {
    PolicyDocument: {
      Statement: [
        {
          Effect: 'Deny',
          Action: 'sns:Publish',
          Principal: '*',
          Condition: { Bool: { 'aws:SecureTransport': 'false' } },
        },
        { ...ofAlarms, Action: 'sns:Publish' },
      ],
    },
  });
  template.hasResourceProperties('AWS::KMS::Key', {
    EnableKeyRotation: true,
    KeyPolicy: { Statement: Match.arrayWith([Match.objectLike(ofAlarms)]) },
  });
  template.hasResourceProperties('AWS::SNS::Topic', { KmsMasterKeyId: Match.anyValue() });
});

test('each address is subscribed', () => {
  const template = synthesized('a@example.com', 'b@example.com');
  const subscribed = Object.values(template.findResources('AWS::SNS::Subscription'));
  expect(subscribed.map(({ Properties: { Protocol, Endpoint } }) => [Protocol, Endpoint])).toEqual([
    ['email', 'a@example.com'],
    ['email', 'b@example.com'],
  ]);
});

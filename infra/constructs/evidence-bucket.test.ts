import { App, Stack } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import { Code, Function as Lambda, Runtime } from 'aws-cdk-lib/aws-lambda';
import { expect, test } from 'vitest';
import { environment } from '#platform/environment.ts';
import { scratchOutput } from '../scratch-output.ts';
import { stageConfig } from '../settings/config.ts';
import { DataStack } from '../stacks/data-stack.ts';
import { EvidenceBucket } from './evidence-bucket.ts';

const stage = { ...stageConfig('prod'), evidenceRetentionDays: 77 };

const newOutput = scratchOutput();

function synthesized() {
  const app = new App({ outdir: newOutput() });
  const evidence = new EvidenceBucket(new Stack(app, 'data'), 'Evidence', { stage });
  const jobs = new Stack(app, 'jobs');
  const fn = new Lambda(jobs, 'Function', {
    runtime: Runtime.NODEJS_24_X,
    handler: 'index.handler',
    code: Code.fromInline('exports.handler = () => {}'),
  });
  evidence.grantWriteOnce(fn, 'seals');
  return { data: Template.fromStack(Stack.of(evidence)), jobs: Template.fromStack(jobs) };
}

const { data, jobs } = synthesized();

test('evidence is locked in compliance mode for the days of the stage, and the bucket outlives its stack', () => {
  data.hasResource('AWS::S3::Bucket', {
    DeletionPolicy: 'Retain',
    UpdateReplacePolicy: 'Retain',
    Properties: {
      ObjectLockEnabled: true,
      ObjectLockConfiguration: { Rule: { DefaultRetention: { Mode: 'COMPLIANCE', Days: 77 } } },
      VersioningConfiguration: { Status: 'Enabled' },
      PublicAccessBlockConfiguration: {
        BlockPublicAcls: true,
        BlockPublicPolicy: true,
        IgnorePublicAcls: true,
        RestrictPublicBuckets: true,
      },
    },
  });
});

test('the policy refuses every caller who deletes, overwrites or does not use TLS', () => {
  const [policy] = Object.values(data.findResources('AWS::S3::BucketPolicy'));
  const statements: { Effect: string; Principal: unknown; Action: unknown; Condition?: unknown }[] =
    policy?.Properties.PolicyDocument.Statement;
  expect(statements.every(({ Effect }) => Effect === 'Deny')).toBe(true);
  expect(statements.every(({ Principal }) => JSON.stringify(Principal) === '{"AWS":"*"}')).toBe(true);
  expect(statements.map(({ Action, Condition }) => [Action, Condition])).toEqual([
    ['s3:*', { Bool: { 'aws:SecureTransport': 'false' } }],
    ['s3:*', { NumericLessThan: { 's3:TlsVersion': 1.2 } }],
    [['s3:DeleteObject', 's3:DeleteObjectVersion'], undefined],
    [
      's3:PutObject',
      { Null: { 's3:if-none-match': 'true' }, Bool: { 's3:ObjectCreationOperation': 'true' } },
    ],
  ]);
});

test('a grant gives the permission to write below one prefix, and the variables to do so', () => {
  const [policy] = Object.values(jobs.findResources('AWS::IAM::Policy'));
  const statements: { Action: unknown; Resource: unknown; Condition?: unknown }[] =
    policy?.Properties.PolicyDocument.Statement;
  expect(statements).toHaveLength(2);
  expect(statements[0]?.Action).toEqual(['s3:PutObject', 's3:PutObjectRetention', 's3:GetObjectVersion']);
  expect(JSON.stringify(statements[0]?.Resource)).toMatch(/"\/seals\/\*"\]\]\}$/);
  expect(statements[1]).toMatchObject({
    Action: 's3:ListBucketVersions',
    Condition: { StringLike: { 's3:prefix': 'seals/*' } },
  });
  const [fn] = Object.values(jobs.findResources('AWS::Lambda::Function'));
  expect(Object.keys(fn?.Properties.Environment.Variables)).toEqual([
    environment.evidenceBucket,
    environment.evidenceRetentionDays,
  ]);
  expect(fn?.Properties.Environment.Variables[environment.evidenceRetentionDays]).toBe('77');
});

test('a new generation adds a bucket and keeps the old one, whose exports other stacks still read', () => {
  const exportsOf = (template: Template) =>
    Object.values(template.findOutputs('*')).flatMap(({ Export }) => Export?.Name ?? []);
  const stackOf = (evidenceGeneration: number) => {
    const app = new App({ outdir: newOutput() });
    const first = new DataStack(app, 'data', { stage: { ...stage, evidenceGeneration }, alertEmails: [] });
    const fn = new Lambda(new Stack(app, 'jobs'), 'Function', {
      runtime: Runtime.NODEJS_24_X,
      handler: 'index.handler',
      code: Code.fromInline('exports.handler = () => {}'),
    });
    first.evidence.grantWriteOnce(fn, 'seals');
    return Template.fromStack(first);
  };
  const [before, after] = [stackOf(1), stackOf(2)];
  const [kept] = Object.keys(before.findResources('AWS::S3::Bucket'));
  expect(Object.keys(after.findResources('AWS::S3::Bucket'))).toEqual([
    kept,
    expect.not.stringMatching(kept ?? ''),
  ]);
  expect(exportsOf(before)).toHaveLength(2);
  expect(exportsOf(after)).toEqual(expect.arrayContaining(exportsOf(before)));
});

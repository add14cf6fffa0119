import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import type { CfnElement } from 'aws-cdk-lib';
import { Match, Template } from 'aws-cdk-lib/assertions';
import { describe, expect, test } from 'vitest';
import { environment } from '#platform/environment.ts';
import { alertProbeName } from '#recovery/monitor/alert-probe.ts';
import { drillPrefix } from '#recovery/rds/rds.ts';
import { projectRoot } from '../constructs/bundle.ts';
import { prodContext, reviewable, unbundledApps } from '../unbundled-apps.ts';

const unbundled = unbundledApps();

/** Entries that a deploy runs: the one in the stack of the API, the other when a deploy migrates. */
const atDeploy = ['pass-key', 'migrate'];
/** What a migration at the deploy needs: its function, and the provider that calls it. */
const migrationFunctions = ['MigrationHandler', 'MigrationProvider'];
/** Entries that an alert starts. */
const atAlert = ['alert-receipt'];
/** Functions that call AWS and no database. */
const withoutDatabase = ['SweepDrills'];
/** Functions that never run twice at once, in any stage. */
const alone = ['VerifySnapshot'];

const isOfMigration = (id: string) => migrationFunctions.some((name) => id.startsWith(name));

describe.each([
  ['dev', {}],
  ['prod', { ...prodContext, alertEmails: 'on-call@example.com' }],
] as const)('%s', (stage, context) => {
  const { api, jobs, data } = unbundled(context);
  const template = Template.fromStack(jobs);
  const { Resources } = template.toJSON();
  const idOf = (element: CfnElement) => jobs.getLogicalId(element);

  test('the templates are the reviewed ones', async () => {
    await expect(reviewable(template.toJSON())).toMatchFileSnapshot(`./jobs-stack.${stage}.snap`);
    await expect(reviewable(Template.fromStack(data).toJSON())).toMatchFileSnapshot(
      `./data-stack.${stage}.snap`,
    );
  });

  test('every entry of functions/jobs runs on a schedule, except those that a deploy or an alert runs', () => {
    const entries = readdirSync(join(projectRoot, 'functions/jobs'))
      .filter((file) => file.endsWith('.lambda.ts'))
      .map((file) => file.replace('.lambda.ts', ''))
      .filter((name) => ![...atDeploy, ...atAlert].includes(name));
    expect(jobs.jobs.map(({ name }) => name).sort()).toEqual(entries.sort());
    template.resourceCountIs('AWS::Scheduler::Schedule', entries.length);
    const functions = Object.keys(template.findResources('AWS::Lambda::Function'));
    const ofMigration = functions.filter(isOfMigration);
    expect(ofMigration).toHaveLength(stage === 'prod' ? migrationFunctions.length : 0);
    expect(functions).toHaveLength(entries.length + atAlert.length + ofMigration.length);
  });

  test('a deploy with the secret of the master migrates before any other function changes', () => {
    const migrated = Object.keys(template.findResources('Custom::StockadeSchema'));
    expect(migrated).toHaveLength(stage === 'prod' ? 1 : 0);
    if (migrated.length === 0) return;
    for (const [id, { DependsOn }] of Object.entries(template.findResources('AWS::Lambda::Function'))) {
      if (isOfMigration(id) || withoutDatabase.some((name) => id.startsWith(name))) continue;
      expect([id, DependsOn]).toEqual([id, expect.arrayContaining(migrated)]);
    }
    expect(api.dependencies).toContain(jobs);
  });

  test.each(jobs.jobs.map((job) => [job.name, job] as const))(
    '%s runs, and its failures are kept',
    (_, job) => {
      const functionArn = { 'Fn::GetAtt': [idOf(job.function.node.defaultChild as CfnElement), 'Arn'] };
      const queueArn = { 'Fn::GetAtt': [idOf(job.deadLetters.node.defaultChild as CfnElement), 'Arn'] };
      const schedule = Object.values(template.findResources('AWS::Scheduler::Schedule')).find(
        ({ Properties }) => JSON.stringify(Properties.Target.Arn) === JSON.stringify(functionArn),
      )?.Properties;
      expect(schedule).toMatchObject({
        State: 'ENABLED',
        FlexibleTimeWindow: { Mode: 'FLEXIBLE' },
        Target: { DeadLetterConfig: { Arn: queueArn }, RetryPolicy: { MaximumRetryAttempts: 3 } },
      });
      template.hasResourceProperties('AWS::Lambda::EventInvokeConfig', {
        FunctionName: { Ref: functionArn['Fn::GetAtt'][0] },
        MaximumRetryAttempts: 0,
        DestinationConfig: { OnFailure: { Destination: queueArn } },
      });
      const scheduler = Resources[schedule?.Target.RoleArn['Fn::GetAtt'][0]];
      expect(scheduler.Properties.AssumeRolePolicyDocument.Statement).toEqual([
        {
          Action: 'sts:AssumeRole',
          Effect: 'Allow',
          Principal: { Service: 'scheduler.amazonaws.com' },
          Condition: { StringEquals: { 'aws:SourceAccount': { Ref: 'AWS::AccountId' } } },
        },
      ]);
    },
  );

  test('an RDS event about a drill instance starts the drill; other events do not', () => {
    template.resourceCountIs('AWS::Events::Rule', 1);
    template.hasResourceProperties('AWS::Events::Rule', {
      State: 'ENABLED',
      EventPattern: {
        source: ['aws.rds'],
        'detail-type': ['RDS DB Instance Event'],
        detail: { SourceIdentifier: [{ prefix: drillPrefix }] },
      },
      Targets: [{ Arn: { 'Fn::GetAtt': [Match.stringLikeRegexp('^VerifySnapshotJobFunction'), 'Arn'] } }],
    });
  });

  test('the receipt of alerts gets the probes, and no other alert', () => {
    template.resourceCountIs('AWS::SNS::Subscription', 1);
    template.hasResourceProperties('AWS::SNS::Subscription', {
      Protocol: 'lambda',
      FilterPolicy: { name: [alertProbeName] },
    });
  });

  test('every job logs in as stockade_jobs or not at all, has fifteen minutes, and in prod runs alone', () => {
    for (const [id, { Properties }] of Object.entries(template.findResources('AWS::Lambda::Function'))) {
      if (isOfMigration(id)) continue;
      const isOneOf = (names: readonly string[]) => names.some((name) => id.startsWith(name));
      const user = isOneOf(withoutDatabase) ? undefined : 'stockade_jobs';
      expect([
        id,
        Properties.Timeout,
        Properties.Environment.Variables[environment.jobsDatabaseUser],
      ]).toEqual([id, 900, user]);
      expect(Properties.Environment.Variables).not.toHaveProperty(environment.databaseUser);
      expect(Properties.Environment.Variables).not.toHaveProperty(environment.adminDatabaseUser);
      expect([id, Properties.ReservedConcurrentExecutions]).toEqual([
        id,
        stage === 'prod' || isOneOf(alone) ? 1 : undefined,
      ]);
    }
  });
});

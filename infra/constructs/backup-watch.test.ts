import { Template } from 'aws-cdk-lib/assertions';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { handler } from '#functions/jobs/monitor-backups.lambda.ts';
import { closeAwsClients } from '#platform/aws/call.ts';
import { environment } from '#platform/environment.ts';
import { recordMilestone } from '#recovery/drill/records.ts';
import { type RecordedService, recordService } from '#tests/recorded-aws.ts';
import { recordCommands } from '#tests/recorded-commands.ts';
import { type AuroraState, startAurora } from '#tests/recovery/aurora.ts';
import { hourMs, instance, openBackedUp, otherRegion, region } from '#tests/recovery/backed-up-world.ts';
import { prodContext, unbundledApps } from '../unbundled-apps.ts';

const world = openBackedUp();
const apps = unbundledApps();
const opened: { close(): Promise<void> }[] = [];

beforeAll(async () => {
  const at = new Date(Date.now() - hourMs);
  const request = { kind: 'snapshot', source: instance, asOf: '', instance: '', keep: false } as const;
  await recordMilestone('000001', at, 'requested', request, at);
  await recordMilestone('000001', at, 'verdict', { passed: true, summary: '' }, at);
});
afterAll(async () => {
  delete process.env[environment.dbClusterIdentifier];
  closeAwsClients();
  await Promise.all(opened.map((each) => each.close()));
});

async function recorded(service: 'rds' | 'sns' | 's3', target: string): Promise<RecordedService> {
  const recorder = await recordService(service, target);
  opened.push(recorder);
  process.env[`AWS_ENDPOINT_URL_${service.toUpperCase()}`] = recorder.url;
  return recorder;
}

/** The AWS calls of the function, in a run that needs all its calls. */
async function callsOf(rdsUrl: string): Promise<string[]> {
  closeAwsClients();
  const { sns, s3 } = world.aws;
  const services = [
    await recorded('rds', rdsUrl),
    await recorded('sns', sns.url),
    await recorded('s3', s3.url),
  ];
  let report: Awaited<ReturnType<typeof handler>> = { results: [], alerts: [] };
  const commands = await recordCommands(async () => {
    report = await handler();
  });
  expect(commands.flatMap(({ faults }) => faults)).toEqual([]);
  expect(report.results.filter(({ status }) => status === 'could_not_run')).toEqual([]);
  closeAwsClients();
  return services.flatMap((each) => each.actions()).sort();
}

/** The actions on these services that the function's policy allows. */
function allowedWith(context: Readonly<Record<string, string>>): string[] {
  const template = Template.fromStack(apps(context).jobs);
  const policies = Object.entries(template.findResources('AWS::IAM::Policy'))
    .filter(([id]) => id.startsWith('MonitorBackupsJobRole'))
    .flatMap(([, { Properties }]) => Properties.PolicyDocument.Statement);
  return policies
    .flatMap(({ Action }: { Action: string | string[] }) => Action)
    .filter((action) => /^(rds|sns|s3):/.test(action))
    .sort();
}

test('for an instance, the policy allows exactly the calls that are made', {
  timeout: 60_000,
}, async () => {
  world.aws.rds.faults.inject('stuck', { operation: 'CreateDBSnapshot', times: 1 });
  await world.takeSnapshot('in-the-making');
  expect(await callsOf(world.aws.rds.url)).toEqual(allowedWith(prodContext));
});

test('for a cluster, the policy allows exactly the calls that are made', { timeout: 60_000 }, async () => {
  const DBClusterIdentifier = 'ledger';
  const one = { DBClusterIdentifier, SnapshotType: 'manual', StorageEncrypted: true };
  const state: AuroraState = {
    cluster: { DBClusterIdentifier, Status: 'available' },
    snapshots: {
      [region]: [
        { description: { ...one, DBClusterSnapshotIdentifier: 'whole', Status: 'available' }, restorers: [] },
        { description: { ...one, DBClusterSnapshotIdentifier: 'begun', Status: 'creating' }, restorers: [] },
      ],
    },
    replicas: {},
    begun: {},
  };
  const aurora = await startAurora(state);
  opened.push(aurora);
  process.env[environment.dbInstanceIdentifier] = '';
  process.env[environment.dbClusterIdentifier] = DBClusterIdentifier;
  // The first report contains everything.
  expect(await callsOf(aurora.url)).toEqual(
    allowedWith({
      ...prodContext,
      databaseInstanceIdentifier: '',
      databaseClusterIdentifier: DBClusterIdentifier,
      backupCopyRegion: otherRegion,
    }),
  );
});

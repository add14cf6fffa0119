import { globSync } from 'node:fs';
import { join } from 'node:path';
import { DescribeDBInstancesCommand, RestoreDBInstanceFromDBSnapshotCommand } from '@aws-sdk/client-rds';
import { Template } from 'aws-cdk-lib/assertions';
import type { Context } from 'aws-lambda';
import { buildSync } from 'esbuild';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { handler as drills } from '#functions/api/drills.lambda.ts';
import { handler as receive } from '#functions/jobs/alert-receipt.lambda.ts';
import { handler as beat } from '#functions/jobs/heartbeat.lambda.ts';
import { handler as reconcile } from '#functions/jobs/reconcile-balances.lambda.ts';
import { handler as sweep } from '#functions/jobs/sweep-drills.lambda.ts';
import { handler as tidy } from '#functions/jobs/tidy.lambda.ts';
import { handler as verify } from '#functions/jobs/verify-snapshot.lambda.ts';
import { environment } from '#platform/environment.ts';
import { closeDatabase } from '#platform/postgres/database.ts';
import { beginDrill } from '#recovery/drill/begin.ts';
import { abandonDrill, tickDrill } from '#recovery/drill/drill.ts';
import { sweepDrills } from '#recovery/drill/sweep.ts';
import { recoveryPolicy } from '#recovery/policy.ts';
import { drillPrefix, drillTag, listSnapshots, rdsClient } from '#recovery/rds/rds.ts';
import { loginUrl } from '#scripts/local/logins.ts';
import { paths } from '#scripts/paths.ts';
import { faultsOf } from '#tests/aws-model.ts';
import { asSuperuser } from '#tests/prove/clone.ts';
import { actionsOf, type RecordedCommand, recordCommands } from '#tests/recorded-commands.ts';
import { openDrillWorld, theDrill } from '#tests/recovery/drill/drill-world.ts';
import { prodContext, unbundledApps } from './unbundled-apps.ts';

const world = openDrillWorld();
const stacks = unbundledApps()(prodContext);
const context = { getRemainingTimeInMillis: () => 600_000 } as Context;

beforeAll(() => {
  process.env[environment.sqlDirectory] = join(paths.root, 'sql');
  process.env[environment.jobsDatabaseUrl] = loginUrl(world.rds.adminUrl, 'stockade_jobs');
});
afterAll(closeDatabase);

/** What a function's policies allow on the services it calls, for S3 with the folder. Denied actions are left out. */
function allowed(stack: 'api' | 'jobs', fn: string): string[] {
  const policies = Template.fromStack(stacks[stack]).findResources('AWS::IAM::Policy');
  return Object.entries(policies)
    .filter(([id]) => id.startsWith(`${fn}Role`) || id.startsWith(`${fn}FunctionRole`))
    .flatMap(([, { Properties }]) => Properties.PolicyDocument.Statement)
    .filter(({ Effect }) => Effect === 'Allow')
    .flatMap((statement) =>
      [statement.Action].flat().map((action: string) => {
        if (!action.startsWith('s3:')) return action;
        const folder = /([\w-]+\/\*)"/.exec(JSON.stringify([statement.Condition, statement.Resource]))?.[1];
        return `${action} ${folder}`;
      }),
    )
    .filter((action) => /^(rds|sns|s3|kms):/.test(action))
    .sort();
}

function needed(calls: readonly RecordedCommand[]): string[] {
  return [...new Set(calls.flatMap(actionsOf))].sort();
}

/** Checks that the policy allows exactly the recorded calls, and that the API knows all their parameters. */
function expectExact(calls: readonly RecordedCommand[], stack: 'api' | 'jobs', fn: string): void {
  expect(calls.flatMap(({ faults }) => faults)).toEqual([]);
  expect(needed(calls)).toEqual(allowed(stack, fn));
}

test('verify-snapshot, with a snapshot and with a point in time', { timeout: 120_000 }, async () => {
  const calls = await recordCommands(async () => {
    await verify({}, context);
    await world.rds.rds.settled();
    await world.untilOver();
    await world.beat();
    await world.rds.archive();
    // As the schedule starts it: with the latest backup.
    await beginDrill(world.around(), { kind: 'point-in-time' });
    await tickDrill(world.around());
    // A point in time is restored by another call. Everything after it is the same.
    await abandonDrill(await theDrill(), 'That was all.');
    await world.rds.rds.settled();
    await world.untilOver();
  });
  expectExact(calls, 'jobs', 'VerifySnapshotJob');
  // The policy does not allow it on an instance that is not a drill's.
  const changed = calls.filter(({ operation }) => /^(Modify|Delete)DBInstance$/.test(operation));
  for (const { input } of changed) expect(input.DBInstanceIdentifier).toMatch(/^stockade-drill-/);
  expect(changed.length).toBeGreaterThanOrEqual(3);
  const restored = calls.filter(({ operation }) => operation.startsWith('Restore'));
  expect(restored.map(({ operation }) => operation)).toEqual([
    'RestoreDBInstanceFromDBSnapshot',
    'RestoreDBInstanceToPointInTime',
  ]);
  for (const { input } of restored) {
    expect(input.TargetDBInstanceIdentifier ?? input.DBInstanceIdentifier).toMatch(/^stockade-drill-/);
    expect(input.Tags).toContainEqual({ Key: drillTag, Value: expect.any(String) });
  }
});

test('sweep-drills, when there is something to delete', async () => {
  const [snapshot] = await listSnapshots(world.rds.instance);
  await rdsClient().send(
    new RestoreDBInstanceFromDBSnapshotCommand({
      DBInstanceIdentifier: `${drillPrefix}999999`,
      DBSnapshotIdentifier: snapshot?.DBSnapshotIdentifier,
      Tags: [{ Key: drillTag, Value: '999999' }],
    }),
  );
  await world.rds.rds.settled();
  // As the function runs it, some hours later.
  const swept = { ...recoveryPolicy, drillInstanceAgeMs: { warn: 0, fail: 0 } };
  const calls = await recordCommands(async () => {
    await expect(sweep()).resolves.toEqual([]);
    await expect(sweepDrills(swept)).resolves.toEqual([`${drillPrefix}999999`]);
  });
  await world.rds.rds.settled();
  expectExact(calls, 'jobs', 'SweepDrillsJob');
});

test('reconcile-balances, when it seals, checks its seals, and has an alert to send', async () => {
  await asSuperuser(world.rds.adminUrl, (superuser) =>
    superuser.query(
      `update inventory.balances set on_hand = on_hand + 50
       where item_id = (
         select i.id
         from inventory.items i
         join tenancy.organizations o on o.id = i.org_id
         where i.sku = 'A' and o.slug = 'target'
       )`,
    ),
  );
  const calls = await recordCommands(async () => {
    for (let round = 0; round < 3; round += 1) {
      await asSuperuser(world.rds.adminUrl, (superuser) =>
        superuser.query(`update inventory.reconciliation_state set due_at = '-infinity'`),
      );
      await reconcile({}, context as never);
    }
  });
  expectExact(calls, 'jobs', 'ReconcileBalancesJob');
});

test('the drills that operators see', async () => {
  const calls = await recordCommands(() => operatorsSee());
  expectExact(calls, 'api', 'drills');
});

/** Calls it as API Gateway does for a caller that IAM let through. */
async function operatorsSee(): Promise<void> {
  const event = {
    version: '2.0',
    routeKey: 'GET /platform/drills',
    rawPath: '/platform/drills',
    rawQueryString: '',
    headers: {},
    requestContext: {
      http: { method: 'GET', path: '/platform/drills', sourceIp: '127.0.0.1' },
      requestId: 'drills',
      authorizer: { iam: { userArn: 'arn:aws:iam::000000000000:role/operators' } },
    },
    isBase64Encoded: false,
  };
  const answer = await drills(event as never, context as never);
  expect(answer).toMatchObject({ statusCode: 200 });
}

test('a function that only uses the database calls nothing of AWS, and may call nothing', async () => {
  const calls = await recordCommands(async () => {
    await beat();
    await tidy({} as never, context as never);
    await receive({ Records: [] } as never);
  });
  expect(calls).toEqual([]);
  for (const fn of ['HeartbeatJob', 'TidyJob', 'AlertReceipt']) expect(allowed('jobs', fn), fn).toEqual([]);
});

test('the model refuses what the API refuses: a missing parameter, an unknown one, one of another type', () => {
  const faulty = (input: object) => faultsOf(new DescribeDBInstancesCommand(input as never));
  expect(
    faulty({ DBInstanceIdentifier: 'a', Filters: [{ Name: 'n', Values: ['v'] }], MaxRecords: 20 }),
  ).toEqual([]);
  expect(faulty({ Instance: 'a' })).toEqual(['DescribeDBInstances.Instance is unknown']);
  expect(faulty({ DBInstanceIdentifier: 1 })).toEqual([
    'DescribeDBInstances.DBInstanceIdentifier is number and not a string',
  ]);
  expect(faulty({ Filters: [{ Name: 'n' }] })).toEqual(['DescribeDBInstances.Filters[0].Values is required']);
  expect(faulty({ Filters: [{ Name: 'n', Values: [2] }] })).toEqual([
    'DescribeDBInstances.Filters[0].Values[0] is number and not a string',
  ]);
});

test('every function with an AWS client in its bundle is recorded here or with the monitor', () => {
  expect(bundledClients()).toEqual({
    'functions/api/drills.lambda.ts': ['s3'],
    // For its name: it publishes nothing.
    'functions/jobs/alert-receipt.lambda.ts': ['sns'],
    // It asks RDS and S3 what the drill asks, before a migration that only a backup can undo.
    'functions/jobs/migrate.lambda.ts': ['rds', 's3', 'secrets'],
    'functions/jobs/monitor-backups.lambda.ts': ['rds', 's3', 'sns'],
    'functions/jobs/reconcile-balances.lambda.ts': ['s3', 'sns'],
    'functions/jobs/sweep-drills.lambda.ts': ['rds'],
    'functions/jobs/verify-snapshot.lambda.ts': ['rds', 's3'],
  });
});

/** The entries of functions with AWS clients in their bundles, and the names of these clients. */
function bundledClients(): Record<string, string[]> {
  const { metafile } = buildSync({
    absWorkingDir: paths.root,
    entryPoints: globSync('functions/{api,jobs}/*.lambda.ts', { cwd: paths.root }),
    outdir: 'cdk.out/recorded',
    write: false,
    bundle: true,
    metafile: true,
    platform: 'node',
    format: 'esm',
    mainFields: ['module', 'main'],
    external: ['pg-native', '@aws-sdk/*'],
    logLevel: 'error',
  });
  return Object.fromEntries(
    Object.values(metafile.outputs).flatMap(({ entryPoint = '', imports }) => {
      const clients = imports.flatMap(({ path }) => /^@aws-sdk\/client-(\w+)/.exec(path)?.[1] ?? []);
      return clients.length > 0 ? [[entryPoint, [...new Set(clients)].sort()] as const] : [];
    }),
  );
}

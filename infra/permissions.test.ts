import { Template } from 'aws-cdk-lib/assertions';
import { expect, test } from 'vitest';
import { type Route, routes } from '#functions/routes.ts';
import { environment } from '#platform/environment.ts';
import { prodContext, unbundledApps } from './unbundled-apps.ts';

interface Statement {
  readonly Effect: string;
  readonly Action: string | readonly string[];
  readonly Resource: unknown;
  readonly Condition?: unknown;
}

const unbundled = unbundledApps();
const { api, jobs } = unbundled(prodContext);

/** The permissions of every function. */
const house = [
  'xray:PutTelemetryRecords *',
  'xray:PutTraceSegments *',
  'logs:CreateLogStream <Logs>',
  'logs:PutLogEvents <Logs>',
];
const inNetwork = [
  'ec2:AssignPrivateIpAddresses *',
  'ec2:CreateNetworkInterface *',
  'ec2:DeleteNetworkInterface *',
  'ec2:DescribeNetworkInterfaces *',
  'ec2:DescribeSubnets *',
  'ec2:UnassignPrivateIpAddresses *',
];
const loginAs = (role: string) => [`rds-db:connect dbuser:db-EXAMPLE/${role}`];
const passKey = ['kms:Decrypt <TokensPassKeyEncryption>'];
const keepsFailures = (job: string) => [
  `sqs:GetQueueAttributes <${job}DeadLetters>`,
  `sqs:GetQueueUrl <${job}DeadLetters>`,
  `sqs:SendMessage <${job}DeadLetters>`,
];

const drillsOnly = (call: string) => [
  `${call} db:stockade-drill-* if {"StringLike":{"aws:ResourceTag/stockade:drill":"*"}}`,
  `Deny ${call} db:stockade-prod`,
];

/** The additional permissions of each function of the stage. A new line here gives a function new power. */
const expected: Readonly<Record<string, readonly string[]>> = {
  ...Object.fromEntries(
    (routes as readonly Route[])
      .filter(({ scope }) => ['read', 'write', 'admin'].includes(scope))
      .map(({ entry }) => [entry, [...inNetwork, ...loginAs('stockade_api'), ...passKey]]),
  ),
  health: [...inNetwork, ...loginAs('stockade_api')],
  platform: [...inNetwork, ...loginAs('stockade_admin')],
  docs: [],
  drills: [
    's3:GetObjectVersion <EvidenceBucket of data>/drills/*',
    's3:ListBucketVersions <EvidenceBucket of data> if {"StringLike":{"s3:prefix":"drills/*"}}',
  ],
  fallback: [],
  TokensPassKeyHandler: [...inNetwork, ...loginAs('stockade_admin'), ...passKey],
  ReconcileBalancesJob: [
    ...inNetwork,
    ...loginAs('stockade_jobs'),
    ...keepsFailures('ReconcileBalances'),
    'kms:Decrypt <AlertsEncryption of data>',
    'kms:GenerateDataKey* <AlertsEncryption of data>',
    's3:GetObjectVersion <EvidenceBucket of data>/seals/*',
    's3:ListBucketVersions <EvidenceBucket of data> if {"StringLike":{"s3:prefix":"seals/*"}}',
    's3:PutObject <EvidenceBucket of data>/seals/*',
    's3:PutObjectRetention <EvidenceBucket of data>/seals/*',
    'sns:Publish <AlertsTopic of data>',
  ],
  MonitorBackupsJob: [
    ...inNetwork,
    ...loginAs('stockade_jobs'),
    ...keepsFailures('MonitorBackups'),
    'kms:Decrypt <AlertsEncryption of data>',
    'kms:GenerateDataKey* <AlertsEncryption of data>',
    'rds:DescribeDBInstanceAutomatedBackups *',
    'rds:DescribeDBInstances *',
    'rds:DescribeDBSnapshotAttributes *',
    'rds:DescribeDBSnapshots *',
    'rds:DescribeEvents *',
    's3:GetObjectVersion <EvidenceBucket of data>/drills/*',
    's3:ListBucketVersions <EvidenceBucket of data> if {"StringLike":{"s3:prefix":"drills/*"}}',
    'sns:ListSubscriptionsByTopic <AlertsTopic of data>',
    'sns:Publish <AlertsTopic of data>',
  ],
  MigrationHandler: [
    ...inNetwork,
    `secretsmanager:GetSecretValue ${prodContext.databaseMasterSecretArn}`,
    'rds:DescribeDBInstances *',
    ...['contracts', 'drills'].flatMap((folder) => [
      `s3:GetObjectVersion <EvidenceBucket of data>/${folder}/*`,
      `s3:ListBucketVersions <EvidenceBucket of data> if {"StringLike":{"s3:prefix":"${folder}/*"}}`,
    ]),
    's3:PutObject <EvidenceBucket of data>/contracts/*',
    's3:PutObjectRetention <EvidenceBucket of data>/contracts/*',
  ],
  VerifySnapshotJob: [
    ...inNetwork,
    ...loginAs('stockade_jobs'),
    ...keepsFailures('VerifySnapshot'),
    'rds:DescribeDBInstances *',
    'rds:DescribeDBSnapshots *',
    ...['RestoreDBInstanceFromDBSnapshot', 'RestoreDBInstanceToPointInTime'].flatMap((call) =>
      [
        'db:stockade-drill-*',
        'db:stockade-prod',
        'auto-backup:*',
        'og:*',
        'pg:*',
        'subgrp:*',
        'secgrp:*',
        'snapshot:*',
      ].map((resource) => `rds:${call} ${resource}`),
    ),
    'rds:AddTagsToResource db:stockade-drill-* if {"StringLike":{"aws:RequestTag/stockade:drill":"*"}}',
    ...drillsOnly('rds:DeleteDBInstance'),
    ...drillsOnly('rds:ModifyDBInstance'),
    's3:GetObjectVersion <EvidenceBucket of data>/drills/*',
    's3:GetObjectVersion <EvidenceBucket of data>/seals/*',
    's3:ListBucketVersions <EvidenceBucket of data> if {"StringLike":{"s3:prefix":"drills/*"}}',
    's3:ListBucketVersions <EvidenceBucket of data> if {"StringLike":{"s3:prefix":"seals/*"}}',
    's3:PutObject <EvidenceBucket of data>/drills/*',
    's3:PutObjectRetention <EvidenceBucket of data>/drills/*',
  ],
  SweepDrillsJob: [
    ...keepsFailures('SweepDrills'),
    'rds:DescribeDBInstances *',
    ...drillsOnly('rds:DeleteDBInstance'),
  ],
  AlertReceipt: [...inNetwork, ...loginAs('stockade_jobs')],
  HeartbeatJob: [...inNetwork, ...loginAs('stockade_jobs'), ...keepsFailures('Heartbeat')],
  TidyJob: [...inNetwork, ...loginAs('stockade_jobs'), ...keepsFailures('Tidy')],
};

test('every function has exactly the permissions in this list', () => {
  const found = Object.fromEntries(
    [api, jobs].flatMap((stack) => permissionsOf(Template.fromStack(stack).toJSON().Resources)),
  );
  const all = Object.entries(expected).map(([name, more]) => [
    name.replaceAll('-', ''),
    [...house, ...more].sort(),
  ]);
  expect(found).toEqual(Object.fromEntries(all));
});

test('only the drill may have RDS use the key of the database, and it restores into the given subnets', () => {
  const databaseKmsKeyArn = 'arn:aws:kms:eu-central-1:123456789012:key/1f2e';
  const keyed = unbundled({ ...prodContext, databaseKmsKeyArn, drillSubnetGroup: 'drills' });
  const { Resources } = Template.fromStack(keyed.jobs).toJSON();
  const lines = permissionsOf(Resources).flatMap(([name, each]) =>
    each.filter((line) => line.includes(databaseKmsKeyArn)).map((line) => `${name} ${line}`),
  );
  const via =
    '"StringEquals":{"kms:ViaService":{"Fn::Join":["",["rds.",{"Ref":"AWS::Region"},".",{"Ref":"AWS::URLSuffix"}]]}}';
  expect(lines.sort()).toEqual([
    `VerifySnapshotJob kms:CreateGrant ${databaseKmsKeyArn} if {${via},"Bool":{"kms:GrantIsForAWSResource":"true"}}`,
    `VerifySnapshotJob kms:DescribeKey ${databaseKmsKeyArn} if {${via}}`,
  ]);
  Template.fromStack(keyed.jobs).hasResourceProperties('AWS::Lambda::Function', {
    Environment: { Variables: { [environment.drillSubnetGroup]: 'drills' } },
  });
});

test('only the function that migrates may decrypt the secret of the master, and only through Secrets Manager', () => {
  const databaseMasterSecretKeyArn = 'arn:aws:kms:eu-central-1:123456789012:key/2a3b';
  const keyed = unbundled({ ...prodContext, databaseMasterSecretKeyArn });
  const lines = permissionsOf(Template.fromStack(keyed.jobs).toJSON().Resources).flatMap(([name, each]) =>
    each.filter((line) => line.includes(databaseMasterSecretKeyArn)).map((line) => `${name} ${line}`),
  );
  const service = '{"Fn::Join":["",["secretsmanager.",{"Ref":"AWS::Region"},".",{"Ref":"AWS::URLSuffix"}]]}';
  expect(lines).toEqual([
    `MigrationHandler kms:Decrypt ${databaseMasterSecretKeyArn} if {"StringEquals":{"kms:ViaService":${service}}}`,
  ]);
});

test('no function has a policy from elsewhere, and the framework may only call its handler', () => {
  for (const stack of [api, jobs]) {
    const template = Template.fromStack(stack);
    for (const { Properties } of Object.values(template.findResources('AWS::IAM::Role'))) {
      expect(Properties).not.toHaveProperty('ManagedPolicyArns');
    }
  }
  const { Resources } = Template.fromStack(api).toJSON();
  const [, provider] =
    Object.entries<{ Properties: { PolicyDocument: { Statement: Statement[] } } }>(Resources).find(([id]) =>
      id.startsWith('TokensPassKeyProviderRoleDefaultPolicy'),
    ) ?? [];
  expect(provider?.Properties.PolicyDocument.Statement.flatMap(lines).sort()).toEqual([
    'lambda:GetFunction <TokensPassKeyHandlerFunction>',
    'lambda:InvokeFunction <TokensPassKeyHandlerFunction>',
    'lambda:InvokeFunction <TokensPassKeyHandlerFunction>:*',
    'logs:CreateLogStream <TokensPassKeyProviderLogs>',
    'logs:PutLogEvents <TokensPassKeyProviderLogs>',
  ]);
});

/** The functions of a template, with what the policies of their roles allow. The log group of a function is called Logs. */
// biome-ignore lint/suspicious/noExplicitAny: a template can have any shape
function permissionsOf(resources: Readonly<Record<string, any>>): [string, string[]][] {
  return Object.entries(resources)
    .filter(
      ([, { Type, Properties }]) =>
        Type === 'AWS::Lambda::Function' && Properties.Handler === 'index.handler',
    )
    .map(([id, { Properties }]) => {
      const name = nameOf(id).replace(/Function$/, '');
      const [role] = Properties.Role['Fn::GetAtt'];
      const statements = Object.values(resources)
        .filter(
          ({ Type, Properties }) =>
            Type === 'AWS::IAM::Policy' &&
            Properties.Roles.some((each: { Ref: string }) => each.Ref === role),
        )
        .flatMap(({ Properties }): Statement[] => Properties.PolicyDocument.Statement);
      return [
        name,
        statements
          .flatMap(lines)
          .map((line) => line.replace(`<${name}Logs>`, '<Logs>'))
          .sort(),
      ];
    });
}

/** `action resource` for each action and resource of a statement. */
function lines({ Effect, Action, Resource, Condition }: Statement): string[] {
  const resources = Array.isArray(Resource) ? Resource : [Resource];
  return [Action]
    .flat()
    .flatMap((action) =>
      resources.map((resource) =>
        [
          Effect === 'Allow' ? '' : `${Effect} `,
          `${action} ${resourceName(resource)}`,
          Condition ? ` if ${JSON.stringify(Condition)}` : '',
        ].join(''),
      ),
    );
}

/** `<logical name>` of a resource in the template, the last part of a composed ARN, or the literal text. */
function resourceName(resource: unknown): string {
  if (typeof resource === 'string') return resource;
  const {
    'Fn::GetAtt': attribute,
    'Fn::GetStackOutput': output,
    'Fn::Join': join,
  } = resource as {
    'Fn::GetAtt'?: [string, string];
    'Fn::GetStackOutput'?: { StackName: string; OutputName: string };
    'Fn::Join'?: [string, unknown[]];
  };
  if (attribute) return `<${nameOf(attribute[0])}>`;
  if (output) {
    // PublishOutput, the kind of output (Ref, or FnGetAtt and Arn), its logical id, and a hash.
    const [, id = ''] =
      /^PublishOutput(?:Ref|FnGetAtt)(\w+?)(?:Arn)?[0-9A-F]{8}$/.exec(output.OutputName) ?? [];
    return `<${nameOf(id)} of ${output.StackName.replace('stockade-prod-', '')}>`;
  }
  const parts = join?.[1] ?? [];
  if (parts[0] === 'arn:') return String(parts.at(-1)).replace(/^:/, '');
  if (parts.length > 0)
    return parts.map((part) => (typeof part === 'string' ? part : resourceName(part))).join('');
  return JSON.stringify(resource);
}

/** A logical id without the eight characters that CDK appends. */
function nameOf(id: string): string {
  return id.slice(0, -8);
}

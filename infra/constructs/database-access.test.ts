import { App, Stack } from 'aws-cdk-lib';
import { Annotations, Match, Template } from 'aws-cdk-lib/assertions';
import { Code, Function as Lambda, Runtime } from 'aws-cdk-lib/aws-lambda';
import { expect, test } from 'vitest';
import { environment } from '#platform/environment.ts';
import { scratchOutput } from '../scratch-output.ts';
import { type DatabaseTarget, placeholderDatabase } from '../settings/database-target.ts';
import { DatabaseAccess } from './database-access.ts';
import type { FunctionNetwork } from './lambda-function.ts';

const target: DatabaseTarget = {
  host: 'db.example.com',
  port: 6432,
  databaseName: 'ledger',
  resourceId: 'cluster-ABC',
  vpcId: 'vpc-0a1b2c3d',
  subnetIds: ['subnet-0a1b2c3d', 'subnet-1a2b3c4d'],
  securityGroupId: 'sg-0a1b2c3d',
};

const newOutput = scratchOutput();

function stackWithAccess(database = target) {
  const stack = new Stack(new App({ outdir: newOutput() }), 'stack');
  return { stack, access: new DatabaseAccess(stack, 'Database', database) };
}

function functionIn(stack: Stack, network?: FunctionNetwork): Lambda {
  return new Lambda(stack, 'Function', {
    runtime: Runtime.NODEJS_24_X,
    handler: 'index.handler',
    code: Code.fromInline('exports.handler = () => {}'),
    ...(network && {
      vpc: network.vpc,
      vpcSubnets: { subnets: [...network.subnets] },
      securityGroups: [...network.securityGroups],
    }),
  });
}

test.each([
  ['stockade_api', environment.databaseUser, environment.adminDatabaseUser],
  ['stockade_admin', environment.adminDatabaseUser, environment.databaseUser],
  ['stockade_jobs', environment.jobsDatabaseUser, environment.adminDatabaseUser],
] as const)(
  'a grant gives the permission to log in as %s to this database, and the variables to find it',
  (role, its, others) => {
    const { stack, access } = stackWithAccess();
    access.grantConnect(functionIn(stack, access.network), role);

    const template = Template.fromStack(stack);
    template.hasResourceProperties('AWS::IAM::Policy', {
      PolicyDocument: {
        Statement: Match.arrayWith([
          {
            Action: 'rds-db:connect',
            Effect: 'Allow',
            Resource: {
              'Fn::Join': ['', Match.arrayWith([Match.stringLikeRegexp(`:dbuser:cluster-ABC/${role}$`)])],
            },
          },
        ]),
      },
    });
    template.hasResourceProperties('AWS::Lambda::Function', {
      Environment: {
        Variables: {
          [environment.databaseHost]: 'db.example.com',
          [environment.databasePort]: '6432',
          [environment.databaseName]: 'ledger',
          [its]: role,
          [others]: Match.absent(),
          [environment.databaseMaxConnections]: '1',
          NODE_EXTRA_CA_CERTS: '/var/runtime/ca-cert.pem',
        },
      },
      VpcConfig: { SubnetIds: ['subnet-0a1b2c3d', 'subnet-1a2b3c4d'] },
    });
  },
);

test('functions reach only the port of the database', () => {
  const { stack, access } = stackWithAccess();
  access.grantConnect(functionIn(stack, access.network), 'stockade_api');

  const template = Template.fromStack(stack);
  template.hasResourceProperties('AWS::EC2::SecurityGroupIngress', {
    GroupId: 'sg-0a1b2c3d',
    IpProtocol: 'tcp',
    FromPort: 6432,
    ToPort: 6432,
    CidrIp: Match.absent(),
  });
  template.resourceCountIs('AWS::EC2::SecurityGroupEgress', 1);
  template.hasResourceProperties('AWS::EC2::SecurityGroupEgress', {
    DestinationSecurityGroupId: 'sg-0a1b2c3d',
    FromPort: 6432,
    ToPort: 6432,
  });
  template.hasResourceProperties('AWS::EC2::SecurityGroup', { SecurityGroupEgress: Match.absent() });
});

test('a function outside the network is refused: its connections would only time out', () => {
  const { stack, access } = stackWithAccess();
  expect(() => access.grantConnect(functionIn(stack), 'stockade_api')).toThrow(
    'create it with network: access.network',
  );
});

test('a template without a database has a warning, and a template with one has none', () => {
  const warningsFor = (database: DatabaseTarget) =>
    Annotations.fromStack(stackWithAccess(database).stack)
      .findWarning('*', Match.anyValue())
      .map(({ entry }) => entry.data);
  expect(warningsFor(placeholderDatabase)).toEqual([
    expect.stringMatching(
      /^No database is named, so this template cannot be deployed: pass -c databaseHost=…/,
    ),
  ]);
  expect(warningsFor(target)).toEqual([]);
});

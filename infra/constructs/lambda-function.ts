import { Duration, RemovalPolicy, Validations } from 'aws-cdk-lib';
import type { ISecurityGroup, ISubnet, IVpc } from 'aws-cdk-lib/aws-ec2';
import { Effect, PolicyStatement, Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { Architecture, Function as Lambda, LoggingFormat, Runtime, Tracing } from 'aws-cdk-lib/aws-lambda';
import { LogGroup } from 'aws-cdk-lib/aws-logs';
import { Construct } from 'constructs';
import { environment } from '#platform/environment.ts';
import type { FunctionSize, StageConfig } from '../settings/config.ts';
import { bundledCode, bundledHandler } from './bundle.ts';

/** The place in a VPC where a function runs. */
export interface FunctionNetwork {
  readonly vpc: IVpc;
  readonly subnets: readonly ISubnet[];
  /** They decide what the function can reach. */
  readonly securityGroups: readonly ISecurityGroup[];
}

export interface LambdaFunctionProps {
  readonly stage: StageConfig;
  /** Path of a `*.lambda.ts` file, from the project's root. */
  readonly entry: string;
  readonly description: string;
  readonly size: FunctionSize;
  /** In addition to the variables of the house default and of the grants. */
  readonly environment?: Readonly<Record<string, string>>;
  /** Folders that it reads, from the project's root. On Lambda they are below `/var/task`. */
  readonly folders?: readonly string[] | undefined;
  /** Without a network the function runs outside any VPC. */
  readonly network?: FunctionNetwork;
}

/**
 * The house default for a function: runtime, architecture, size, bundle, tracing, and a log group that expires.
 * Its role may only write to that log group and send traces, until a grant adds more.
 */
export class LambdaFunction extends Construct {
  readonly function: Lambda;

  constructor(scope: Construct, id: string, props: LambdaFunctionProps) {
    super(scope, id);
    const { stage, network, size } = props;

    const logGroup = new LogGroup(this, 'Logs', {
      retention: stage.logRetentionDays,
      removalPolicy: stage.keepsLogs ? RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE : RemovalPolicy.DESTROY,
    });
    // Its own role instead of AWSLambdaBasicExecutionRole, which may write to every log group of the account.
    const role = new Role(this, 'Role', { assumedBy: new ServicePrincipal('lambda.amazonaws.com') });
    logGroup.grantWrite(role);
    if (network !== undefined) this.allowNetworkInterfaces(role);

    this.function = new Lambda(this, 'Function', {
      description: props.description,
      runtime: Runtime.NODEJS_24_X,
      architecture: Architecture.ARM_64,
      code: bundledCode(props.entry, props.folders),
      handler: bundledHandler,
      role,
      logGroup,
      loggingFormat: LoggingFormat.JSON,
      memorySize: size.memoryMb,
      timeout: Duration.seconds(size.timeoutSeconds),
      reservedConcurrentExecutions: size.reservedConcurrency,
      tracing: Tracing.ACTIVE,
      environment: {
        ...props.environment,
        [environment.stage]: stage.name,
      },
      ...(network && {
        vpc: network.vpc,
        vpcSubnets: { subnets: [...network.subnets] },
        securityGroups: [...network.securityGroups],
      }),
    });

    Validations.of(role).acknowledge({
      id: 'AwsSolutions-IAM5[Resource::*]',
      reason:
        'IAM cannot limit X-Ray segments and the network interfaces that Lambda creates in a VPC to a resource: both accept only "*".',
    });
  }

  /** The permissions to attach a function to a VPC: AWSLambdaVPCAccessExecutionRole without its log groups. */
  private allowNetworkInterfaces(role: Role): void {
    role.addToPolicy(
      new PolicyStatement({
        effect: Effect.ALLOW,
        actions: [
          'ec2:CreateNetworkInterface',
          'ec2:DescribeNetworkInterfaces',
          'ec2:DescribeSubnets',
          'ec2:DeleteNetworkInterface',
          'ec2:AssignPrivateIpAddresses',
          'ec2:UnassignPrivateIpAddresses',
        ],
        resources: ['*'],
      }),
    );
  }
}

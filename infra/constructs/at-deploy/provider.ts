import { RemovalPolicy } from 'aws-cdk-lib';
import { Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import type { Function as Lambda } from 'aws-cdk-lib/aws-lambda';
import { LogGroup } from 'aws-cdk-lib/aws-logs';
import { Provider } from 'aws-cdk-lib/custom-resources';
import type { Construct } from 'constructs';
import type { StageConfig } from '../../settings/config.ts';
import { acknowledgeWildcard } from '../acknowledge-wildcard.ts';

/**
 * Calls a function during a deploy, and answers CloudFormation for it: a function inside a network without internet access
 * could not do that.
 */
export function deployProvider(scope: Construct, handler: Lambda, stage: StageConfig): Provider {
  const logGroup = new LogGroup(scope, 'ProviderLogs', {
    retention: stage.logRetentionDays,
    removalPolicy: RemovalPolicy.DESTROY,
  });
  const role = new Role(scope, 'ProviderRole', { assumedBy: new ServicePrincipal('lambda.amazonaws.com') });
  logGroup.grantWrite(role);
  acknowledgeWildcard(
    role,
    `${handler.functionArn}:*`,
    'The provider may invoke one function; the framework includes its versions, but there are none.',
  );
  return new Provider(scope, 'Provider', { onEventHandler: handler, frameworkOnEventRole: role, logGroup });
}

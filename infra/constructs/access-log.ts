import { RemovalPolicy } from 'aws-cdk-lib';
import { AccessLogFormat } from 'aws-cdk-lib/aws-apigateway';
import { type IAccessLogSettings, LogGroupLogDestination } from 'aws-cdk-lib/aws-apigatewayv2';
import { LogGroup } from 'aws-cdk-lib/aws-logs';
import type { Construct } from 'constructs';
import type { StageConfig } from '../settings/config.ts';

/**
 * One JSON line per request. API Gateway does not escape the values it inserts, so the fields contain nothing that a caller
 * can write freely (path, user agent). `requestId` leads to the log lines of the function.
 */
const fields = {
  requestId: '$context.requestId',
  requestTime: '$context.requestTime',
  routeKey: '$context.routeKey',
  status: '$context.status',
  sourceIp: '$context.identity.sourceIp',
  // The caller that IAM let through to an operator route; `-` on every other route.
  operatorArn: '$context.identity.userArn',
  protocol: '$context.protocol',
  responseBytes: '$context.responseLength',
  latencyMs: '$context.responseLatency',
  integrationLatencyMs: '$context.integrationLatency',
  integrationError: '$context.integrationErrorMessage',
} as const;

/** Creates a log group for the requests of an HTTP API, and returns the settings with which a stage writes to it. */
export function accessLog(scope: Construct, id: string, stage: StageConfig): IAccessLogSettings {
  const logGroup = new LogGroup(scope, id, {
    // Outside /aws/vendedlogs/, every such group would extend one resource policy of the account, and its size is limited.
    logGroupName: `/aws/vendedlogs/stockade/${stage.name}/api`,
    retention: stage.logRetentionDays,
    removalPolicy: stage.keepsLogs ? RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE : RemovalPolicy.DESTROY,
  });
  return {
    destination: new LogGroupLogDestination(logGroup),
    format: AccessLogFormat.custom(JSON.stringify(fields)),
  };
}

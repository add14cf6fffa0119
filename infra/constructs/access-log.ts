import { RemovalPolicy } from 'aws-cdk-lib';
import { AccessLogFormat } from 'aws-cdk-lib/aws-apigateway';
import { type IAccessLogSettings, LogGroupLogDestination } from 'aws-cdk-lib/aws-apigatewayv2';
import { LogGroup } from 'aws-cdk-lib/aws-logs';
import type { Construct } from 'constructs';
import type { StageConfig } from '../settings/config.ts';

/**
 * One JSON line per request. API Gateway does not escape what it inserts, so nothing that a caller writes
 * freely (path, user agent) is among the fields; `requestId` leads to the function's own log lines.
 */
const fields = {
  requestId: '$context.requestId',
  requestTime: '$context.requestTime',
  routeKey: '$context.routeKey',
  status: '$context.status',
  sourceIp: '$context.identity.sourceIp',
  // Whom IAM let through to a route of operators; `-` on every other.
  operatorArn: '$context.identity.userArn',
  protocol: '$context.protocol',
  responseBytes: '$context.responseLength',
  latencyMs: '$context.responseLatency',
  integrationLatencyMs: '$context.integrationLatency',
  integrationError: '$context.integrationErrorMessage',
} as const;

/** A log group for the requests of an HTTP API, and the settings that make its stage write there. */
export function accessLog(scope: Construct, id: string, stage: StageConfig): IAccessLogSettings {
  const logGroup = new LogGroup(scope, id, {
    // Outside /aws/vendedlogs/ every such group adds to one resource policy of the account, which is bounded.
    logGroupName: `/aws/vendedlogs/stockade/${stage.name}/api`,
    retention: stage.logRetentionDays,
    removalPolicy: stage.keepsLogs ? RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE : RemovalPolicy.DESTROY,
  });
  return {
    destination: new LogGroupLogDestination(logGroup),
    format: AccessLogFormat.custom(JSON.stringify(fields)),
  };
}

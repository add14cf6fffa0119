import { CfnOutput, Stack } from 'aws-cdk-lib';
import { HttpApi, HttpStage } from 'aws-cdk-lib/aws-apigatewayv2';
import type { Function as Lambda } from 'aws-cdk-lib/aws-lambda';
import type { Construct } from 'constructs';
import { type Route, routes } from '#functions/routes.ts';
import { environment } from '#platform/environment.ts';
import type { StageConfig } from '../config.ts';
import { accessLog } from '../constructs/access-log.ts';
import { DatabaseAccess } from '../constructs/database-access.ts';
import { HttpRoutes } from '../constructs/http-routes.ts';
import { LambdaFunction } from '../constructs/lambda-function.ts';
import type { DatabaseTarget } from '../database-target.ts';

export interface ApiStackProps {
  readonly stage: StageConfig;
  readonly database: DatabaseTarget;
}

/** What answers from the request alone. */
const entriesWithoutDatabase = ['docs', 'fallback'];

/** The HTTP API: every line of the route table, each reaching the function of its entry. */
export class ApiStack extends Stack {
  /** The function of every entry of the route table. */
  readonly functions: ReadonlyMap<string, Lambda>;

  constructor(scope: Construct, id: string, props: ApiStackProps) {
    super(scope, id, { description: `Stockade ${props.stage.name}: HTTP API and its functions` });
    const { stage } = props;

    const database = new DatabaseAccess(this, 'Database', props.database);
    this.functions = new Map(
      entriesOf(routes).map((entry) => [entry, this.apiFunction(entry, stage, database)] as const),
    );

    const api = new HttpApi(this, 'Api', { apiName: `stockade-${stage.name}`, createDefaultStage: false });
    new HttpRoutes(this, 'Routes', { api, routes, functions: this.functions });
    const deployed = new HttpStage(this, 'Stage', {
      httpApi: api,
      stageName: '$default',
      autoDeploy: true,
      detailedMetricsEnabled: true,
      throttle: {
        rateLimit: stage.api.throttleRatePerSecond,
        burstLimit: stage.api.throttleBurstRequests,
      },
      accessLogSettings: accessLog(this, 'AccessLog', stage),
    });
    new CfnOutput(this, 'ApiUrl', { value: deployed.url, description: 'Where the API answers' });
  }

  private apiFunction(entry: string, stage: StageConfig, database: DatabaseAccess): Lambda {
    const needsDatabase = !entriesWithoutDatabase.includes(entry);
    const { function: fn } = new LambdaFunction(this, entry, {
      stage,
      entry: `functions/api/${entry}.lambda.ts`,
      description: `Stockade ${stage.name}: ${entry}`,
      network: needsDatabase ? database.network : undefined,
      environment: { [environment.keyEnvironment]: stage.keyEnvironment },
    });
    if (needsDatabase) database.grantConnect(fn, isForOperators(entry) ? 'stockade_admin' : 'stockade_api');
    return fn;
  }
}

/** Whether every route of an entry is for operators; a function serves them or tenants, never both. */
function isForOperators(entry: string): boolean {
  const scopes = (routes as readonly Route[])
    .filter((route) => route.entry === entry)
    .map((route) => route.scope === 'operator');
  if (scopes.every((isOperator) => isOperator)) return true;
  if (!scopes.some((isOperator) => isOperator)) return false;
  throw new Error(`${entry} has routes of operators and of tenants: give each an entry of its own`);
}

function entriesOf(table: readonly Route[]): readonly string[] {
  return [...new Set(table.map((route) => route.entry))].sort();
}

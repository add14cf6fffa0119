import { CfnOutput, Stack } from 'aws-cdk-lib';
import { HttpApi, HttpStage } from 'aws-cdk-lib/aws-apigatewayv2';
import type { Function as Lambda } from 'aws-cdk-lib/aws-lambda';
import type { Construct } from 'constructs';
import { type Route, routes } from '#functions/routes.ts';
import { environment } from '#platform/environment.ts';
import { accessLog } from '../constructs/access-log.ts';
import { DatabaseAccess } from '../constructs/database-access.ts';
import { HttpRoutes } from '../constructs/http-routes.ts';
import { LambdaFunction } from '../constructs/lambda-function.ts';
import { TokenVerification } from '../constructs/token-verification.ts';
import type { StageConfig } from '../settings/config.ts';
import type { DatabaseTarget } from '../settings/database-target.ts';
import type { Identity } from '../settings/identity.ts';
import type { DataStack } from './data-stack.ts';

export interface ApiStackProps {
  readonly stage: StageConfig;
  readonly database: DatabaseTarget;
  readonly identity: Identity;
  readonly data: DataStack;
}

/** Entries that answer from the request alone. */
const entriesWithoutDatabase = ['docs', 'fallback'];
/** Entries that answer from the evidence. */
const entriesOfEvidence = ['drills'];

/** The HTTP API: every line of the route table, and the functions of its entries. */
export class ApiStack extends Stack {
  /** The functions of the route table, by entry. */
  readonly functions: ReadonlyMap<string, Lambda>;
  readonly api: HttpApi;
  private readonly database: DatabaseAccess;
  private readonly tokens: TokenVerification | undefined;

  constructor(scope: Construct, id: string, props: ApiStackProps) {
    super(scope, id, { description: `Stockade ${props.stage.name}: HTTP API and its functions` });
    const { stage, identity } = props;

    this.database = new DatabaseAccess(this, 'Database', props.database);
    this.tokens =
      identity.tokens &&
      new TokenVerification(this, 'Tokens', {
        stage,
        database: this.database,
        target: props.database,
        trust: identity.tokens,
      });
    this.functions = new Map(
      entriesOf(routes).map((entry) => [entry, this.apiFunction(entry, props)] as const),
    );

    this.api = new HttpApi(this, 'Api', { apiName: `stockade-${stage.name}`, createDefaultStage: false });
    new HttpRoutes(this, 'Routes', { api: this.api, routes, functions: this.functions });
    const deployed = new HttpStage(this, 'Stage', {
      httpApi: this.api,
      stageName: '$default',
      autoDeploy: true,
      detailedMetricsEnabled: true,
      throttle: {
        rateLimit: stage.api.throttleRatePerSecond,
        burstLimit: stage.api.throttleBurstRequests,
      },
      accessLogSettings: accessLog(this, 'AccessLog', stage),
    });
    new CfnOutput(this, 'ApiUrl', { value: deployed.url, description: 'The URL of the API' });
  }

  private apiFunction(entry: string, { stage, identity, data }: ApiStackProps): Lambda {
    const callers = callersOf(entry);
    const needsDatabase = ![...entriesWithoutDatabase, ...entriesOfEvidence].includes(entry);
    const tokens = callers === 'tenants' ? this.tokens : undefined;
    const { function: fn } = new LambdaFunction(this, entry, {
      stage,
      entry: `functions/api/${entry}.lambda.ts`,
      description: `Stockade ${stage.name}: ${entry}`,
      size: stage.apiFunction,
      network: needsDatabase ? (tokens ?? this.database).network : undefined,
      environment: {
        [environment.keyEnvironment]: stage.keyEnvironment,
        ...(callers === 'tenants' &&
          identity.baseDomain && { [environment.baseDomain]: identity.baseDomain }),
      },
    });
    if (needsDatabase) {
      this.database.grantConnect(fn, callers === 'operators' ? 'stockade_admin' : 'stockade_api');
    }
    if (entriesOfEvidence.includes(entry)) data.evidence.grantRead(fn, entry);
    tokens?.grantVerify(fn);
    return fn;
  }
}

/**
 * Whom the routes of an entry serve.
 * @throws Error when they serve operators and others: a function serves only one of the two
 */
export function callersOf(
  entry: string,
  table: readonly Route[] = routes,
): 'tenants' | 'operators' | 'everybody' {
  const scopes = table.filter((route) => route.entry === entry).map(({ scope }) => scope);
  if (scopes.every((scope) => scope === 'none')) return 'everybody';
  if (scopes.every((scope) => scope === 'operator')) return 'operators';
  if (!scopes.includes('operator')) return 'tenants';
  throw new Error(`${entry} has operator routes and other routes: give each an entry of its own`);
}

function entriesOf(table: readonly Route[]): readonly string[] {
  return [...new Set(table.map((route) => route.entry))].sort();
}

import { Validations } from 'aws-cdk-lib';
import { type HttpApi, HttpMethod, HttpRoute, HttpRouteKey } from 'aws-cdk-lib/aws-apigatewayv2';
import { HttpIamAuthorizer } from 'aws-cdk-lib/aws-apigatewayv2-authorizers';
import { HttpLambdaIntegration } from 'aws-cdk-lib/aws-apigatewayv2-integrations';
import type { IFunction } from 'aws-cdk-lib/aws-lambda';
import { Construct } from 'constructs';
import { type Route, routeKey } from '#functions/routes.ts';

export interface HttpRoutesProps {
  readonly api: HttpApi;
  readonly routes: readonly Route[];
  /** The functions by entry, for all entries in the routes. */
  readonly functions: ReadonlyMap<string, IFunction>;
}

/**
 * One API route for each line of the table, and one integration for each entry. IAM authorizes the operator routes: a caller
 * with `execute-api:Invoke` on them is an operator.
 */
export class HttpRoutes extends Construct {
  constructor(scope: Construct, id: string, props: HttpRoutesProps) {
    super(scope, id);
    const integrations = new Map(
      [...props.functions].map(([entry, fn]) => [entry, new HttpLambdaIntegration(entry, fn)] as const),
    );
    const operators = new HttpIamAuthorizer();
    for (const route of props.routes) {
      const integration = integrations.get(route.entry);
      if (integration === undefined) {
        throw new Error(`${routeKey(route)} names the entry ${route.entry}, which has no function`);
      }
      new HttpRoute(this, routeKey(route), {
        httpApi: props.api,
        routeKey: httpRouteKey(route),
        integration,
        ...(route.scope === 'operator' && { authorizer: operators }),
      });
    }

    Validations.of(this).acknowledge({
      id: 'AwsSolutions-APIG4',
      reason:
        'On the other routes the function authenticates: it checks keys and memberships inside the database transaction, so that a suspension takes effect on the next request. An authorizer would answer from its cache.',
    });
  }
}

function httpRouteKey(route: Route): HttpRouteKey {
  return route.path === '$default'
    ? HttpRouteKey.DEFAULT
    : HttpRouteKey.with(route.path, HttpMethod[route.method]);
}

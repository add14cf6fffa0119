import type { CfnElement } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import { Bucket } from 'aws-cdk-lib/aws-s3';
import { describe, expect, test } from 'vitest';
import { type Route, routeKey, routes } from '#functions/routes.ts';
import { environment } from '#platform/environment.ts';
import { HttpRoutes } from '../constructs/http-routes.ts';
import { prodContext, reviewable, unbundledApps } from '../unbundled-apps.ts';
import { callersOf } from './api-stack.ts';

const unbundled = unbundledApps({ checked: true });

const withoutDatabase = ['docs', 'drills', 'fallback'];

describe.each([
  ['dev', {}],
  ['prod', prodContext],
] as const)('%s', (stage, context) => {
  const { api } = unbundled(context);
  const acceptsTokens = 'jwtIssuer' in context;
  // Synthesizes, and so throws when an AwsSolutions rule is broken without a reason.
  const template = Template.fromStack(api);
  const routesOf = Object.values(template.findResources('AWS::ApiGatewayV2::Route'));
  const integrations = template.findResources('AWS::ApiGatewayV2::Integration');
  const permissions = Object.values(template.findResources('AWS::Lambda::Permission'));

  test('the template is the reviewed one', async () => {
    await expect(reviewable(template.toJSON())).toMatchFileSnapshot(`./api-stack.${stage}.snap`);
  });

  test('the routes are exactly those of the table', () => {
    const deployed = routesOf.map((route) => route.Properties.RouteKey).sort();
    expect(deployed).toEqual(routes.map(routeKey).sort());
  });

  test.each(routes.map((route) => [routeKey(route), route] as const))(
    '%s calls the function of its entry',
    (key, route) => {
      const fn = api.functions.get(route.entry);
      const functionArn = { 'Fn::GetAtt': [api.getLogicalId(fn?.node.defaultChild as CfnElement), 'Arn'] };
      const deployed = routesOf.find(({ Properties }) => Properties.RouteKey === key);
      const [, integration] = deployed?.Properties.Target['Fn::Join'][1] ?? [];
      expect(integrations[integration?.Ref]?.Properties).toMatchObject({
        IntegrationType: 'AWS_PROXY',
        IntegrationUri: functionArn,
        PayloadFormatVersion: '2.0',
      });

      const path = route.path === '$default' ? '' : route.path;
      const invokers = permissions.filter(
        ({ Properties }) => Properties.SourceArn['Fn::Join'][1].at(-1) === `/*/*${path}`,
      );
      expect(invokers.map(({ Properties }) => Properties.FunctionName)).toContainEqual(functionArn);
    },
  );

  test('IAM authorizes the operator routes, and no others', () => {
    for (const { Properties } of routesOf) {
      const { scope } = routes.find((route) => routeKey(route) === Properties.RouteKey) ?? {};
      expect([Properties.RouteKey, Properties.AuthorizationType]).toEqual([
        Properties.RouteKey,
        scope === 'operator' ? 'AWS_IAM' : 'NONE',
      ]);
    }
  });

  test('a function logs in either as stockade_admin, if it serves operators, or as stockade_api', () => {
    for (const [entry, fn] of api.functions) {
      const { Properties } =
        template.toJSON().Resources[api.getLogicalId(fn.node.defaultChild as CfnElement)];
      const { [environment.databaseUser]: user, [environment.adminDatabaseUser]: admin } =
        Properties.Environment.Variables;
      const scopes = new Set<string>(
        routes.filter((route) => route.entry === entry).map(({ scope }) => scope),
      );
      const expected = withoutDatabase.includes(entry)
        ? [undefined, undefined]
        : scopes.has('operator')
          ? [undefined, 'stockade_admin']
          : ['stockade_api', undefined];
      expect([entry, user, admin]).toEqual([entry, ...expected]);
    }
    const admins = Object.entries(template.findResources('AWS::IAM::Policy'))
      .filter(([, policy]) => JSON.stringify(policy).includes('/stockade_admin'))
      .map(([id]) => id);
    // An operator's function sends a pass key to the database.
    const expected = acceptsTokens ? [/^TokensPassKeyHandler/, /^platform/] : [/^platform/];
    expect(admins.sort()).toEqual(expected.map((id) => expect.stringMatching(id)));
  });

  test('there is one function for each entry of the table', () => {
    expect([...api.functions.keys()].sort()).toEqual([...new Set(routes.map((route) => route.entry))].sort());
    const keepsPassKey = acceptsTokens ? ['the handler', 'the framework that calls it'] : [];
    template.resourceCountIs('AWS::Lambda::Function', api.functions.size + keepsPassKey.length);
  });

  test('every function is Node 24 on arm64, traced, with logs that expire', () => {
    for (const { Properties } of Object.values(template.findResources('AWS::Lambda::Function'))) {
      if (Properties.Handler !== 'framework.onEvent') {
        expect(Properties).toMatchObject({
          Runtime: 'nodejs24.x',
          Architectures: ['arm64'],
          TracingConfig: { Mode: 'Active' },
        });
      }
      const logGroup = template.findResources('AWS::Logs::LogGroup')[Properties.LoggingConfig.LogGroup.Ref];
      expect(logGroup?.Properties.RetentionInDays).toBeGreaterThan(0);
    }
  });

  test('the access log is one JSON object per request', () => {
    const [deployed] = Object.values(template.findResources('AWS::ApiGatewayV2::Stage'));
    expect(JSON.parse(deployed?.Properties.AccessLogSettings.Format)).toMatchObject({
      requestId: '$context.requestId',
      status: '$context.status',
      operatorArn: '$context.identity.userArn',
    });
  });
});

test('a function that answers from the request or the evidence alone cannot log in to the database', () => {
  const { api } = unbundled();
  const connecting = Object.entries(Template.fromStack(api).findResources('AWS::IAM::Policy'))
    .filter(([, policy]) => JSON.stringify(policy).includes('rds-db:connect'))
    .map(([id]) => id);
  expect(connecting.filter((id) => withoutDatabase.some((entry) => id.startsWith(entry)))).toEqual([]);
  expect(connecting).toHaveLength(api.functions.size - withoutDatabase.length);
});

test('a broken rule without a reason fails the synth', () => {
  const { app, api } = unbundled();
  new Bucket(api, 'Open');
  expect(() => app.synth()).toThrow('AwsSolutions-S1');
});

test('a function serves operators, tenants or everybody, and never operators and others', () => {
  const table = (...scopes: Route['scope'][]) =>
    scopes.map((scope, n): Route => ({ method: 'GET', path: `/${n}`, entry: 'x', scope }));
  const other: Route = { method: 'GET', path: '/other', entry: 'other', scope: 'operator' };
  expect(callersOf('x', [...table('none', 'none'), other])).toBe('everybody');
  expect(callersOf('x', [...table('none', 'read', 'write', 'admin'), other])).toBe('tenants');
  expect(callersOf('x', table('operator', 'operator'))).toBe('operators');
  for (const scope of ['none', 'read'] as const) {
    expect(() => callersOf('x', table('operator', scope))).toThrow(
      'x has operator routes and other routes: give each an entry of its own',
    );
  }
});

test('a route whose entry has no function fails the synth', () => {
  const { api } = unbundled();
  const routes: readonly Route[] = [{ method: 'GET', path: '/x', entry: 'nowhere', scope: 'none' }];
  expect(() => new HttpRoutes(api, 'More', { api: api.api, routes, functions: api.functions })).toThrow(
    'GET /x names the entry nowhere, which has no function',
  );
});

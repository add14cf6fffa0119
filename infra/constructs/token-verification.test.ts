import { App, type CfnElement } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import { expect, test } from 'vitest';
import { type Route, routes } from '#functions/routes.ts';
import { environment } from '#platform/environment.ts';
import { passLifetimeSeconds as lifetimeOfPasses } from '#tenancy/credentials/passes.ts';
import { scratchOutput } from '../scratch-output.ts';
import { stageConfig } from '../settings/config.ts';
import { placeholderDatabase } from '../settings/database-target.ts';
import { ApiStack } from '../stacks/api-stack.ts';
import { DataStack } from '../stacks/data-stack.ts';
import type { StockadeApp } from '../stockade-app.ts';
import { prodContext, unbundledApps } from '../unbundled-apps.ts';
import { passLifetimeSeconds } from './at-deploy/pass-key.ts';

const unbundled = unbundledApps();
const newOutput = scratchOutput();
const apps = new Map<string, StockadeApp>();

/** The app of a context, created once: no test changes an app. */
function appOf(context: Readonly<Record<string, string>>): StockadeApp {
  const key = JSON.stringify(context);
  const made = apps.get(key) ?? unbundled(context);
  apps.set(key, made);
  return made;
}

function synthesized(context: Readonly<Record<string, string>>) {
  const { api } = appOf(context);
  const { Resources } = Template.fromStack(api).toJSON();
  const functions = [...api.functions].map(([entry, fn]) => {
    const resource = Resources[api.getLogicalId(fn.node.defaultChild as CfnElement)];
    return { entry, resource, variables: resource.Properties.Environment.Variables };
  });
  const ofType = (type: string) =>
    Object.entries<{ Type: string; Properties: Record<string, unknown> }>(Resources).filter(
      ([, each]) => each.Type === type,
    );
  return { Resources, functions, ofType };
}

const servesTenants = (entry: string) =>
  (routes as readonly Route[]).some(
    (route) => route.entry === entry && ['read', 'write', 'admin'].includes(route.scope),
  );

const ofTokens = [
  environment.jwtIssuer,
  environment.jwtAudience,
  environment.jwtJwksUri,
  environment.passKeyId,
  environment.passKey,
];

test('only the functions that serve tenants know whose tokens to accept', () => {
  const jwtJwksUri = 'https://keys.example.com/all';
  for (const { entry, variables } of synthesized({ ...prodContext, jwtJwksUri }).functions) {
    const expected = servesTenants(entry)
      ? {
          [environment.jwtIssuer]: prodContext.jwtIssuer,
          [environment.jwtAudience]: 'stockade',
          [environment.jwtJwksUri]: jwtJwksUri,
          [environment.baseDomain]: 'api.example.com',
        }
      : {};
    const told = Object.fromEntries(
      Object.entries(variables).filter(([name]) => /^STOCKADE_(JWT_|BASE_DOMAIN)/.test(name)),
    );
    expect([entry, told]).toEqual([entry, expected]);
  }
});

test('without an issuer there is no key, no HTTPS out of the network, and no variable about tokens', () => {
  const { functions, ofType, Resources } = synthesized({});
  for (const { variables } of functions) {
    expect(Object.keys(variables).filter((name) => ofTokens.some((each) => each === name))).toEqual([]);
  }
  expect(ofType('AWS::SecretsManager::Secret')).toEqual([]);
  expect(JSON.stringify(Resources)).not.toContain('0.0.0.0/0');
});

test('only the functions that verify tokens reach anything besides the database, over HTTPS', () => {
  const { functions, Resources } = synthesized(prodContext);
  for (const { entry, resource } of functions) {
    const groups: { 'Fn::GetAtt': [string] }[] = resource.Properties.VpcConfig?.SecurityGroupIds ?? [];
    const egress = groups.flatMap(
      (group) => Resources[group['Fn::GetAtt'][0]].Properties.SecurityGroupEgress ?? [],
    );
    const expected = servesTenants(entry)
      ? [{ CidrIp: '0.0.0.0/0', FromPort: 443, ToPort: 443, IpProtocol: 'tcp' }]
      : [];
    expect([entry, egress]).toMatchObject([entry, expected]);
    expect(egress).toHaveLength(expected.length);
  }
});

test('no template contains the secret: functions refer to it, under our own key', () => {
  const { ofType } = synthesized(prodContext);
  const holders = ofType('AWS::Lambda::Function').filter(([, { Properties }]) =>
    JSON.stringify(Properties).includes(environment.passKey),
  );
  expect(holders).toHaveLength(
    new Set(routes.filter(({ entry }) => servesTenants(entry)).map(({ entry }) => entry)).size + 1,
  );
  const [[secretId] = []] = ofType('AWS::SecretsManager::Secret');
  const [[keyId] = []] = ofType('AWS::KMS::Key');
  for (const [, { Properties }] of holders) {
    expect(Properties).toMatchObject({
      KmsKeyArn: { 'Fn::GetAtt': [keyId, 'Arn'] },
      Environment: {
        Variables: {
          [environment.passKeyId]: 'p1',
          [environment.passKey]: {
            'Fn::Join': ['', ['{{resolve:secretsmanager:', { Ref: secretId }, ':SecretString:::}}']],
          },
        },
      },
    });
  }
});

test('the generated secret is base64 of 32 to 64 bytes, as functions and database require', () => {
  const [[, secret] = []] = synthesized(prodContext).ofType('AWS::SecretsManager::Secret');
  expect(secret?.Properties.GenerateSecretString).toEqual({ PasswordLength: 64, ExcludePunctuation: true });
  const lettersAndDigits = 'Az09'.repeat(16);
  expect(Buffer.from(lettersAndDigits, 'base64').toString('base64')).toBe(lettersAndDigits);
  expect(Buffer.from(lettersAndDigits, 'base64')).toHaveLength(48);
});

test('no function gets a key before the database knows it', () => {
  const { functions, ofType } = synthesized(prodContext);
  const [[known] = []] = ofType('Custom::StockadePassKey');
  for (const { entry, resource } of functions.filter(({ variables }) => environment.passKey in variables)) {
    expect([entry, resource.DependsOn]).toEqual([entry, expect.arrayContaining([known])]);
  }
});

test('the next generation has another secret, and replaces the key in the database', () => {
  const [one, two] = [1, 2].map((passKeyGeneration) => {
    const app = new App({ outdir: newOutput(), context: { 'aws:cdk:bundling-stacks': [] } });
    const stage = { ...stageConfig('dev'), passKeyGeneration };
    const stack = new ApiStack(app, 'api', {
      stage,
      data: new DataStack(app, 'data', { stage, alertEmails: [] }),
      database: placeholderDatabase,
      identity: { tokens: { issuer: 'https://a', audience: 'b', jwksUri: undefined }, baseDomain: undefined },
    });
    const resources = Object.entries<{ Type: string; Properties: { PassKeyId?: string } }>(
      Template.fromStack(stack).toJSON().Resources,
    );
    const ofType = (type: string) => resources.find(([, { Type }]) => Type === type);
    return { secret: ofType('AWS::SecretsManager::Secret'), known: ofType('Custom::StockadePassKey') };
  });
  expect(one?.secret?.[0]).not.toBe(two?.secret?.[0]);
  expect(one?.known?.[0]).toBe(two?.known?.[0]);
  expect([one, two].map((each) => each?.known?.[1].Properties.PassKeyId)).toEqual(['p1', 'p2']);
});

test('the database forgets a replaced key when the last pass signed with it has expired', () => {
  expect(passLifetimeSeconds).toBe(lifetimeOfPasses);
  const { functions, ofType } = synthesized(prodContext);
  const [[, known] = []] = ofType('Custom::StockadePassKey');
  const longestRequestSeconds = Math.max(...functions.map(({ resource }) => resource.Properties.Timeout));
  const drainSeconds = Number(known?.Properties.DrainSeconds);
  expect(drainSeconds).toBeGreaterThanOrEqual(lifetimeOfPasses + longestRequestSeconds);
  const [, handler] =
    ofType('AWS::Lambda::Function').find(([id]) => id.startsWith('TokensPassKeyHandler')) ?? [];
  expect(handler?.Properties.Timeout).toBeGreaterThan(drainSeconds);
});

test('no template contains the operator key, which is for local platforms only', () => {
  for (const context of [{}, prodContext]) {
    const { app } = appOf(context);
    for (const { stackName, template } of app.synth().stacks) {
      expect([stackName, JSON.stringify(template).includes(environment.operatorKey)]).toEqual([
        stackName,
        false,
      ]);
    }
  }
});

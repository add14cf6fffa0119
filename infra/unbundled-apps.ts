import { afterAll } from 'vitest';
import { scratchOutput } from './scratch-output.ts';
import { type StockadeApp, stockadeApp } from './stockade-app.ts';

/** The context of a stage that uses every setting. */
export const prodContext = {
  stage: 'prod',
  databaseHost: 'stockade.example.eu-central-1.rds.amazonaws.com',
  databaseResourceId: 'db-EXAMPLE',
  databaseVpcId: 'vpc-0a1b2c3d',
  databaseSubnetIds: 'subnet-0a1b2c3d,subnet-1a2b3c4d',
  databaseSecurityGroupId: 'sg-0a1b2c3d',
  databaseMasterSecretArn: 'arn:aws:secretsmanager:eu-central-1:123456789012:secret:rds!db-EXAMPLE-a1B2c3',
  databaseInstanceIdentifier: 'stockade-prod',
  backupCopyRegion: 'eu-west-1',
  jwtIssuer: 'https://login.example.com/',
  jwtAudience: 'stockade',
  baseDomain: 'api.example.com',
} as const;

/**
 * Creates apps whose functions are not bundled, for tests that do not need the code. Their output is deleted at the end of
 * the test file. The AwsSolutions rules apply to all of them. CDK's own validation of every property takes longer than
 * everything else: `npm run synth` always runs it, and a test can ask for it here.
 */
export function unbundledApps({
  checked = false,
} = {}): (context?: Readonly<Record<string, string>>) => StockadeApp {
  const newOutput = scratchOutput();
  if (!checked) process.env.CDK_VALIDATION = 'false';
  afterAll(() => {
    delete process.env.CDK_VALIDATION;
  });
  return (context = {}) =>
    stockadeApp({
      outdir: newOutput(),
      context: { ...context, 'aws:cdk:bundling-stacks': [] },
    });
}

/** The template for review: without hashes that change with every change of code. */
export function reviewable(template: unknown): string {
  return `${JSON.stringify(template, null, 2).replaceAll(/[0-9a-f]{64}/g, '<asset hash>')}\n`;
}

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll } from 'vitest';
import { type StockadeApp, stockadeApp } from './stockade-app.ts';

/** What a stage with everything says about itself. */
export const prodContext = {
  stage: 'prod',
  databaseHost: 'stockade.example.eu-central-1.rds.amazonaws.com',
  databaseResourceId: 'db-EXAMPLE',
  databaseVpcId: 'vpc-0a1b2c3d',
  databaseSubnetIds: 'subnet-0a1b2c3d,subnet-1a2b3c4d',
  databaseSecurityGroupId: 'sg-0a1b2c3d',
  databaseInstanceIdentifier: 'stockade-prod',
  backupCopyRegion: 'eu-west-1',
  jwtIssuer: 'https://login.example.com/',
  jwtAudience: 'stockade',
  baseDomain: 'api.example.com',
} as const;

/**
 * Makes apps whose functions are not bundled: what is in them is not asked. What they write goes at the end of the file.
 * The rules of AwsSolutions hold for all of them. CDK's own check of every property takes longer than all the rest:
 * `npm run synth` always makes it, and whoever asks for it here.
 */
export function unbundledApps({
  checked = false,
} = {}): (context?: Readonly<Record<string, string>>) => StockadeApp {
  const scratch = mkdtempSync(join(tmpdir(), 'stockade-synth-'));
  if (!checked) process.env.CDK_VALIDATION = 'false';
  afterAll(() => {
    delete process.env.CDK_VALIDATION;
    rmSync(scratch, { recursive: true });
  });
  return (context = {}) =>
    stockadeApp({
      outdir: mkdtempSync(join(scratch, 'out-')),
      context: { ...context, 'aws:cdk:bundling-stacks': [] },
    });
}

/** A template as reviewed: without what every change of code changes. */
export function reviewable(template: unknown): string {
  return `${JSON.stringify(template, null, 2).replaceAll(/[0-9a-f]{64}/g, '<asset hash>')}\n`;
}

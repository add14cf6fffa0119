import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { routes } from '#functions/routes.ts';
import { bundleOf } from './bundle.ts';

/** Every answer: the chain of middlewares, its log, and the route table. */
const answers = [
  '@aws-lambda-powertools/commons',
  '@aws-lambda-powertools/logger',
  '@aws/lambda-invoke-store',
  '@middy/core',
  'functions/api',
  'layers/http',
  'layers/platform',
];
/** Input that is checked, by the route that it came by. */
const input = ['functions/routes.ts', 'zod'];
/** The client of Postgres, and the metric of a login that somebody changed. */
const database = [
  '@aws-lambda-powertools/metrics',
  'pg',
  'pg-cloudflare',
  'pg-connection-string',
  'pg-int8',
  'pg-pool',
  'pg-protocol',
  'pg-types',
  'pgpass',
  'postgres-array',
  'postgres-bytea',
  'postgres-date',
  'postgres-interval',
  'split2',
  'xtend',
];
const ofTenants = [...answers, ...input, ...database, 'jose', 'layers/tenancy'];
const ofLedger = [...ofTenants, 'layers/ledger'];
const ofOperators = [...answers, ...input, 'layers/tenancy', 'layers/recovery'];

/** What each function may load. A package of the AWS SDK costs more than everything else together. */
const allowed: Readonly<Record<string, readonly string[]>> = {
  health: [...answers, ...input, ...database],
  docs: [...answers, 'functions/routes.ts', 'functions/openapi.json'],
  fallback: answers,
  items: ofLedger,
  balances: ofLedger,
  locations: ofLedger,
  movements: ofLedger,
  entries: ofLedger,
  reservations: ofLedger,
  reconciliations: [...ofLedger, 'layers/audit'],
  seals: [...ofLedger, 'layers/audit'],
  organization: ofTenants,
  'api-keys': ofTenants,
  users: ofTenants,
  platform: [...ofOperators, ...database],
};

/** The package of a module, or the first two folders of our own. */
function rootOf(module: string): string {
  const [, name] = /^node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(module) ?? [];
  return name ?? module.split('/').slice(0, 2).join('/');
}

test.each(Object.entries(allowed))('%s loads what its routes use, and nothing else', (entry, roots) => {
  const loaded = new Set(bundleOf(`functions/api/${entry}.lambda.ts`).modules.map(rootOf));
  expect([...loaded].sort()).toEqual([...roots].sort());
});

test('every function of the API is in the list, but the one that reads the evidence with an SDK', () => {
  const entries = new Set(routes.map(({ entry }) => entry));
  expect([...Object.keys(allowed), 'drills'].sort()).toEqual([...entries].sort());
});

test('a stack names the lines of the source, and reads the source map only then', () => {
  const folder = mkdtempSync(join(tmpdir(), 'stockade-bundle-'));
  try {
    for (const { name, contents } of bundleOf('functions/api/fallback.lambda.ts').files)
      writeFileSync(join(folder, name), contents);
    const run = `
      const fs = require('node:fs');
      const read = fs.readFileSync;
      let maps = 0;
      fs.readFileSync = (file, ...how) => { maps += String(file).endsWith('.map'); return read(file, ...how); };
      const { handler } = require('./index.cjs');
      const before = maps;
      handler({ routeKey: '$default' }, {}).catch(({ stack }) => console.log(JSON.stringify({ stack, before, maps })));`;
    const { stdout, stderr } = spawnSync(process.execPath, ['--eval', run], {
      cwd: folder,
      encoding: 'utf8',
    });
    expect(stderr).toBe('');
    const { stack, before, maps } = JSON.parse(stdout);
    expect(stack).toMatch(
      /^TypeError: Cannot read properties of undefined.*\n {4}at .*layers\/http\/\S+\.ts:\d+:\d+/,
    );
    expect([before, maps]).toEqual([0, 1]);
  } finally {
    rmSync(folder, { recursive: true });
  }
});

import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import * as rds from '@aws-sdk/client-rds';
import { CreateBucketCommand, S3Client } from '@aws-sdk/client-s3';
import { Client } from 'pg';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { environment } from '#platform/environment.ts';
import type { PlatformFile } from '#scripts/cli/database/database-url.ts';
import { makeScratchFolder } from '#scripts/local/postgres/scratch-folder.ts';
import { paths } from '#scripts/paths.ts';
import packageFile from '../../package.json' with { type: 'json' };
import { type Block, npmCommands, shellBlocks, Terminal } from './handbook.ts';
import { prepareData } from './prepared-data.ts';
import { type RunningPlatform, run, startPlatform } from './run.ts';

const documents = ['docs/BACKUP_RECOVERY.md', 'docs/DISASTER_RECOVERY.md'];
const blocks: Block[] = [];
const pasted = new Set<Block>();
let folder: string;
let platform: RunningPlatform;
let note: PlatformFile;
let keys: Record<string, string>;
/** A moment at which nothing was wrong yet, and that can be restored. */
let sound: string;

beforeAll(async () => {
  for (const document of documents)
    blocks.push(...shellBlocks(document, await readFile(join(paths.root, document), 'utf8')));
  folder = makeScratchFolder('handbook');
  await prepareData(join(folder, 'data'));
  platform = await startPlatform([
    '--no-schedules',
    '--data',
    join(folder, 'data'),
    '--archive-seconds',
    '2',
  ]);
  note = JSON.parse(await readFile(join(folder, 'data/platform.json'), 'utf8'));
  keys = Object.fromEntries(
    [...platform.output().matchAll(/API key of (\S+)\s+(\S+)/g)].map(([, slug, key]) => [slug, key]),
  );
  const terminal = await openTerminal();
  await terminal.paste('sealing', 'npm run seal -- --org acme\nnpm run seal -- --org globex');
  sound = await restorable();
}, 120_000);

afterAll(async () => {
  await platform?.stop('SIGINT');
  await rm(folder, { recursive: true, force: true });
});

/** The environment after the terminal was set up as in the handbook. */
async function openTerminal(changes: NodeJS.ProcessEnv = {}): Promise<Terminal> {
  const { NODE_OPTIONS: _, ...env } = process.env;
  return await Terminal.open(folder, {
    ...env,
    ...note.aws,
    NO_COLOR: '1',
    TMPDIR: folder,
    DATABASE_URL: note.adminUrl,
    ...changes,
  });
}

/** Pastes the local blocks of a section in their order, with the values filled in, and answers what each has printed. */
async function follow(section: string, values: Record<string, string> = {}, changes: NodeJS.ProcessEnv = {}) {
  const terminal = await openTerminal(changes);
  const printed: string[] = [];
  const own = blocks.filter((block) => block.section === section);
  const wanted = own
    .filter(({ kind }) => kind === 'fill')
    .flatMap(({ text }) => [...text.matchAll(/^([A-Z_]+)=/gm)].map(([, name]) => name));
  expect(Object.keys(values).toSorted()).toEqual(wanted.toSorted());
  const filled = Object.entries(values).map(([name, value]) => `${name}='${value}'`);
  if (filled.length > 0) await terminal.paste('filling in', filled.join('\n'));
  for (const block of own.filter(({ kind }) => kind === 'local')) {
    const { stdout } = await terminal.paste(`${block.document}:${block.line}`, block.text);
    pasted.add(block);
    printed.push(stdout);
  }
  expect(printed).not.toEqual([]);
  return printed;
}

async function onDatabase<T>(url: string, work: (client: Client) => Promise<T>): Promise<T> {
  const client = new Client(url);
  await client.connect();
  try {
    return await work(client);
  } finally {
    await client.end();
  }
}

/** A moment that is behind everything that was done, once one can go back to it. */
async function restorable(): Promise<string> {
  const client = new rds.RDSClient(clientOf('AWS_ENDPOINT_URL_RDS'));
  const DBInstanceIdentifier = note.aws?.[environment.dbInstanceIdentifier];
  const reached = async () => {
    const { DBInstances } = await client.send(new rds.DescribeDBInstancesCommand({ DBInstanceIdentifier }));
    return DBInstances?.[0]?.LatestRestorableTime ?? new Date(0);
  };
  const until = async (at: Date) =>
    await vi.waitFor(async () => expect((await reached()).getTime()).toBeGreaterThan(at.getTime()), {
      timeout: 60_000,
      interval: 100,
    });
  // One cannot go back behind the first snapshot, which is taken when the platform runs already.
  await until(new Date(0));
  const at = await clock();
  await until(at);
  client.destroy();
  return at.toISOString();
}

function clientOf(endpoint: string) {
  const { [endpoint]: url, AWS_REGION: region, ...aws } = note.aws ?? {};
  const credentials = {
    accessKeyId: aws.AWS_ACCESS_KEY_ID ?? '',
    secretAccessKey: aws.AWS_SECRET_ACCESS_KEY ?? '',
  };
  return { endpoint: url ?? '', region: region ?? '', credentials };
}

async function clock(): Promise<Date> {
  const { rows } = await onDatabase(note.adminUrl, (client) =>
    client.query('select clock_timestamp() as now'),
  );
  return rows[0].now;
}

/** What somebody does who is held up by nothing. */
async function destroy(slug: string, tables: readonly string[]): Promise<void> {
  await onDatabase(note.adminUrl, async (client) => {
    await client.query('set session_replication_role = replica');
    for (const table of tables) {
      const { rows } = await client.query<{ name: string }>(
        'select tgname as name from pg_trigger where tgrelid = $1::regclass and not tgisinternal',
        [table],
      );
      await client.query(`alter table ${table} disable trigger user`);
      await client.query(
        `delete from ${table} where org_id = (select id from tenancy.organizations where slug = $1)`,
        [slug],
      );
      for (const { name } of rows) await client.query(`alter table ${table} enable always trigger ${name}`);
    }
  });
}

const call = (slug: string, path: string, body?: unknown) =>
  fetch(`${platform.url}${path}`, {
    headers: { authorization: `Bearer ${keys[slug]}`, 'content-type': 'application/json' },
    ...(body !== undefined && { method: 'POST', body: JSON.stringify(body) }),
  });

const receive = async (slug: string) => {
  const lines = [{ sku: 'TEA-EARL-GREY', location: 'LONDON', quantity: 1 }];
  return (await call(slug, '/v1/movements', { kind: 'receipt', lines })).status;
};

async function stockOf(slug: string): Promise<unknown> {
  return await (await call(slug, '/v1/balances')).json();
}

test('every command of the handbook is a script that there is, with options that it has', async () => {
  const commands = blocks.flatMap((block) => npmCommands(block).map((each) => ({ ...each, block })));
  const scripts: Record<string, string | undefined> = packageFile.scripts;
  // Of our own commands; others, such as the CDK, have their options from somebody else.
  const own = [...new Set(commands.map(({ script }) => script))].filter((script) =>
    scripts[script]?.startsWith('node scripts/'),
  );
  const helpOf = async (script: string) =>
    (await run(scripts[script]?.replace('node scripts/', '') ?? '', ['--help'])).stdout;
  const helps = new Map<string, string>();
  // One after the other they share a process, which has loaded most of it already.
  for (const script of own) helps.set(script, await helpOf(script));
  const faults = commands.flatMap(({ script, options, block }) => {
    const where = `${block.document}:${block.line}: npm run ${script}`;
    if (!scripts[script]) return [`${where} is no script`];
    const help = helps.get(script);
    return options
      .filter((option) => help && !help.includes(`${option} `))
      .map((each) => `${where} has no ${each}`);
  });
  expect(faults).toEqual([]);
  expect(commands.length).toBeGreaterThan(20);
  expect(blocks.filter(({ kind }) => !['local', 'aws', 'fill'].includes(kind))).toEqual([]);
}, 60_000);

test('one tenant lost its data: it has it again, and nobody else has noticed', async () => {
  const [before, others] = [await stockOf('acme'), await stockOf('globex')];
  const ORG = 'acme';
  const AT = sound;
  await destroy(ORG, ['inventory.balances', 'inventory.movements', 'inventory.entries']);
  expect(await stockOf('acme')).not.toEqual(before);
  const printed = await follow("One tenant's data was deleted", { ORG, AT });
  expect(printed[0]).toMatch(/inventory\.movements: \d+ rows then, 0 now; [1-9]\d* lost/);
  expect(printed.at(-1)).not.toMatch(/[1-9]\d* lost/);
  expect(await stockOf('acme')).toEqual(before);
  expect(await stockOf('globex')).toEqual(others);
}, 120_000);

test('movements are gone that were sealed: it is found, and they come back', async () => {
  const before = await stockOf('globex');
  await destroy('globex', ['inventory.movements', 'inventory.entries']);
  await follow('Corruption found by reconciliation', { ORG: 'globex', AT: sound, NAME: 'stockade-sound' });
  expect(await stockOf('globex')).toEqual(before);
  expect([await receive('acme'), await receive('globex')]).toEqual([201, 201]);
}, 120_000);

test('a migration was bad: the copy is from before, nobody writes while it is cut over, and there is a way back', async () => {
  const AT = sound;
  const admin = (statement: string) => onDatabase(note.adminUrl, (client) => client.query(statement));
  await admin('alter table inventory.items rename to articles');
  expect((await call('acme', '/v1/items')).status).toBe(500);
  const printed = await follow('A bad migration', { AT, NAME: 'stockade-before' });
  const [cutOver = [], rollBack = []] = printed.slice(-2).map((text) => text.trim().split('\n'));
  await admin('alter table inventory.articles rename to items');
  expect(cutOver.join('\n')).not.toContain('evidenceGeneration');

  const copy = await variable('COPY');
  await pasteSteps(copy, cutOver);
  expect((await call('acme', '/v1/items')).status).toBe(200);
  expect(await receive('acme')).toBe(503);
  await pasteSteps(copy, rollBack);
  expect(await receive('acme')).toBe(201);
}, 120_000);

/** Pastes the lines that need neither a deploy nor AWS, with each database's master filled in. */
async function pasteSteps(copy: string, steps: readonly string[]): Promise<void> {
  const urls = [note.adminUrl, copy].map((url) => new URL(url));
  const terminal = await openTerminal();
  for (const step of steps) {
    const url = urls.find(({ host }) => step.includes(`MASTER:PASSWORD@${host}/`));
    const line = step.replace('MASTER:PASSWORD', `${url?.username}:${url?.password}`);
    if (line.startsWith('psql ')) await psql(line);
    else if (line.startsWith('npm run verify:ledger ')) await terminal.paste('cut-over', line);
    else expect(line).toMatch(/^(#|aws rds remove-tags-from-resource |npm run (deploy|monitor:backups) -- )/);
  }
}

/** As psql does: each `-c` is a message of its own. It need not be installed. */
async function psql(line: string): Promise<void> {
  const [, url = '', rest = ''] = /^psql "([^"]+)"(.*)$/.exec(line) ?? [];
  const statements = [...rest.matchAll(/ -c "([^"]+)"/g)].map(([, statement = '']) => statement);
  expect(` ${statements.map((each) => `-c "${each}"`).join(' ')}`).toBe(rest);
  await onDatabase(url, async (client) => {
    for (const statement of statements) await client.query(statement);
  });
}

test('the instance is lost: the copy is proven but for the loss; seals made since then want another bucket', async () => {
  const acme = '--org acme';
  await (await openTerminal()).paste('sealing', `npm run seal -- ${acme}`);
  const gone = Object.assign(new URL(note.adminUrl), { port: '1' }).href;
  const values = { AT: sound, NAME: 'stockade-again' };
  const [printed = ''] = await follow('The instance is lost', values, { DATABASE_URL: gone });
  const [troubled, ...steps] = printed.split('\n');
  expect(troubled).toBe('loss');
  expect(steps.join('\n')).toContain('-c databaseInstanceIdentifier=stockade-again');
  expect(steps.join('\n')).toContain('Sealed since then: 1 organization (acme)');

  const { url } = JSON.parse(await readFile(join(await variable('WORK'), 'restore.json'), 'utf8'));
  const verify = `npm run --silent verify:ledger -- ${acme} --database-url ${url}`;
  const before = await openTerminal();
  await expect(before.paste('the bucket of before', verify)).rejects.toThrow('is not in the database');
  const bucket = 'stockade-evidence-2';
  const s3 = new S3Client({ ...clientOf('AWS_ENDPOINT_URL_S3'), forcePathStyle: true });
  await s3.send(new CreateBucketCommand({ Bucket: bucket, ObjectLockEnabledForBucket: true }));
  s3.destroy();
  const next = await openTerminal({ [environment.evidenceBucket]: bucket });
  await next.paste('the next bucket', `npm run seal -- ${acme} --database-url ${url}\n${verify}`);
}, 120_000);

/** What a variable of the terminal was set to last, as `export -p` writes it. */
async function variable(name: string): Promise<string> {
  const state = await readFile(join(folder, 'terminal'), 'utf8');
  return new RegExp(`^export ${name}=['"]?([^'"\n]+)`, 'm').exec(state)?.[1] ?? '';
}

test('a database can be proven by its URL alone', async () => {
  const restored = await (await openTerminal()).paste(
    'restoring',
    `npm run --silent restore -- --at ${sound} --to stockade-by-url --json`,
  );
  const [proven] = await follow('Prove a database by its URL', {
    COPY: JSON.parse(restored.stdout).url,
    AT: sound,
  });
  expect(proven).toContain('0 failed, 0 could not run');
}, 60_000);

test('after a zone was lost, or while the monitor is silent, one looks by hand', async () => {
  await follow('The availability zone is lost', { API: platform.url });
  const [looked] = await follow('The monitor is silent');
  expect(looked).toContain('ok         latest-restorable-time');
}, 120_000);

test('what BACKUP_RECOVERY.md says about each command works', async () => {
  const AT = sound;
  const NAME = 'stockade-looking';
  const OPERATOR_KEY = (await readFile(join(folder, 'data/operator-key'), 'utf8')).trim();
  await follow('The monitor');
  await follow('The drill', { AT, API: platform.url, OPERATOR_KEY });
  await follow('A point in time beside production', { AT, NAME });
  await follow('Outside RDS', { URL: note.adminUrl });
}, 120_000);

test('every local command of the handbook was run', () => {
  const locals = blocks.filter(({ kind }) => kind === 'local');
  expect(
    locals.filter((block) => !pasted.has(block)).map(({ document, line }) => `${document}:${line}`),
  ).toEqual([]);
  expect(locals.length).toBeGreaterThan(15);
});

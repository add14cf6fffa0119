import { chmod, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client } from 'pg';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { PlatformFile } from '#scripts/cli/database-url.ts';
import { paths } from '#scripts/paths.ts';
import packageFile from '../../package.json' with { type: 'json' };
import { type Block, npmCommands, shellBlocks, Terminal } from './handbook.ts';
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
  folder = await mkdtemp(join(tmpdir(), 'stockade-handbook-'));
  // Run by root, Postgres has another user, who must get in to keep the data here and not in a shared place.
  await chmod(folder, 0o755);
  platform = await startPlatform(['--data', join(folder, 'data'), '--archive-seconds', '2']);
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

/** As whoever has set up the terminal as the handbook says. */
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
    .flatMap(({ text }) => [...text.matchAll(/^([A-Z]+)=/gm)].map(([, name]) => name));
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
  const { rows } = await onDatabase(note.adminUrl, (client) =>
    client.query('select clock_timestamp() as now'),
  );
  const at: string = rows[0].now.toISOString();
  const options = ['--at', at, '--to', 'probe', '--dry-run'];
  const env = { ...note.aws, DATABASE_URL: note.adminUrl };
  await expect
    .poll(async () => (await run('restore.ts', options, env)).exitCode, { timeout: 60_000, interval: 500 })
    .toBe(0);
  return at;
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
  const faults: string[] = [];
  const helps = new Map<string, string>();
  for (const { script, options, block } of commands) {
    const command = (packageFile.scripts as Record<string, string>)[script];
    const where = `${block.document}:${block.line}: npm run ${script}`;
    if (!command) faults.push(`${where} is no script`);
    // The CDK's own.
    if (!command?.startsWith('node scripts/')) continue;
    if (!helps.has(script)) {
      helps.set(script, (await run(command.replace('node scripts/', ''), ['--help'])).stdout);
    }
    for (const option of options)
      if (!helps.get(script)?.includes(`${option} `)) faults.push(`${where} has no ${option}`);
  }
  expect(faults).toEqual([]);
  expect(commands.length).toBeGreaterThan(20);
  expect(blocks.filter(({ kind }) => !['local', 'aws', 'fill'].includes(kind))).toEqual([]);
}, 60_000);

test('one tenant lost its data: it has it again, and nobody else has noticed', async () => {
  const [before, others] = [await stockOf('acme'), await stockOf('globex')];
  const ORG = 'acme';
  const AT = await restorable();
  await destroy(ORG, ['inventory.balances', 'inventory.movements', 'inventory.entries']);
  expect(await stockOf('acme')).not.toEqual(before);
  const printed = await follow("One tenant's data was deleted", { ORG, AT, NAME: 'stockade-acme' });
  expect(printed.slice(1, 2).join()).toMatch(/inventory\.movements: \d+ rows then, 0 now; [1-9]\d* lost/);
  expect(printed.at(-1)).toMatch(/are the same|(?!.*[1-9]\d* lost)/);
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
  const AT = await restorable();
  const admin = (statement: string) => onDatabase(note.adminUrl, (client) => client.query(statement));
  await admin('alter table inventory.items rename column name to title');
  expect((await call('acme', '/v1/items')).status).toBe(500);
  const printed = await follow('A bad migration', { AT, NAME: 'stockade-before' });
  const [cutOver = [], rollBack = []] = printed.slice(-2).map((text) => text.trim().split('\n'));
  await admin('alter table inventory.items rename column title to name');
  expect(cutOver.join('\n')).not.toContain('evidenceGeneration');

  await pasteSteps(cutOver);
  expect((await call('acme', '/v1/items')).status).toBe(200);
  expect(await receive('acme')).toBe(503);
  await pasteSteps(rollBack);
  expect(await receive('acme')).toBe(201);
}, 120_000);

/** Pastes the lines that need neither a deploy nor AWS, with each database's master filled in. */
async function pasteSteps(steps: readonly string[]): Promise<void> {
  const { rows } = await onDatabase(note.adminUrl, (client) => client.query('select 1'));
  expect(rows).toHaveLength(1);
  const copy = await readFile(join(folder, 'terminal'), 'utf8');
  const urls = [note.adminUrl, /COPY='?(postgres:[^'\n]+)/.exec(copy)?.[1] ?? ''].map((url) => new URL(url));
  const terminal = await openTerminal();
  for (const step of steps) {
    const url = urls.find(({ host }) => step.includes(`MASTER:PASSWORD@${host}/`));
    const line = step.replace('MASTER:PASSWORD', `${url?.username}:${url?.password}`);
    if (line.startsWith('psql ')) await psql(line);
    else if (line.startsWith('npm run verify:ledger ')) await terminal.paste('cut-over', line);
    else expect(line).toMatch(/^(#|npm run (deploy|monitor:backups) -- )/);
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

test('the instance is lost: what was restored is proven but for the loss, which nobody can be asked about', async () => {
  const gone = Object.assign(new URL(note.adminUrl), { port: '1' }).href;
  const AT = await restorable();
  const [, troubled = '', ...steps] = (
    await follow('The instance is lost', { AT, NAME: 'stockade-again' }, { DATABASE_URL: gone })
  )
    .join('\n')
    .split('\n');
  expect([troubled, ...steps].find((line) => line && !line.startsWith('#'))).toBe('loss');
  expect(steps.join('\n')).toContain('-c databaseInstanceIdentifier=stockade-again');
}, 120_000);

test('what was sealed since then is told before a cut-over, and another bucket takes the seals that are made anew', async () => {
  const terminal = await openTerminal();
  await terminal.paste('sealing', 'npm run seal -- --org acme');
  const shell = `npm run --silent restore -- --at ${sound} --to stockade-again-2 --json`;
  const { stdout } = await terminal.paste('restoring', shell);
  const { url, steps, sealedAhead } = JSON.parse(stdout);
  expect(sealedAhead).toEqual(['acme']);
  expect(steps.cutOver.join('\n')).toContain('evidenceGeneration');
  const verify = `npm run --silent verify:ledger -- --org acme --database-url ${url}`;
  await expect(terminal.paste('the bucket of before', verify)).rejects.toThrow('is not in the database');
  const anew = await openTerminal({ STOCKADE_EVIDENCE_BUCKET: 'stockade-evidence-2' });
  await anew.paste('the next bucket', `npm run seal -- --org acme --database-url ${url}\n${verify}`);
}, 120_000);

test('a database can be proven by its URL alone', async () => {
  await follow('Prove a database by its URL', { COPY: note.adminUrl });
}, 60_000);

test('after a zone was lost, or while the monitor is silent, one looks by hand', async () => {
  await follow('The availability zone is lost', { API: platform.url });
  const [looked] = await follow('The monitor is silent');
  expect(looked).toContain('ok         latest-restorable-time');
}, 120_000);

test('what BACKUP_RECOVERY.md says about each command works', async () => {
  const AT = await restorable();
  const NAME = 'stockade-looking';
  const OPERATOR_KEY = (await readFile(join(folder, 'data/operator-key'), 'utf8')).trim();
  await follow('The monitor');
  await follow('The drill', { AT, API: platform.url, OPERATOR_KEY });
  await follow('A point in time beside production', { AT, NAME });
  await follow('Beyond RDS', { URL: note.adminUrl });
}, 120_000);

test('every local command of the handbook was run', () => {
  const locals = blocks.filter(({ kind }) => kind === 'local');
  expect(
    locals.filter((block) => !pasted.has(block)).map(({ document, line }) => `${document}:${line}`),
  ).toEqual([]);
  expect(locals.length).toBeGreaterThan(15);
});

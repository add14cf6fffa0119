import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import type { APIGatewayProxyEventV2, Context } from 'aws-lambda';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { routes } from '#functions/routes.ts';
import { schedules } from '#functions/schedules.ts';
import { type Gateway, serveGateway } from '../gateway/server.ts';
import { createHandlerLoader, type HandlerLoader, loadHandler } from './handlers.ts';

let root: string;
let loader: HandlerLoader;

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'stockade-handlers-'));
  write('package.json', JSON.stringify({ type: 'module', imports: { '#layers/*': './layers/*' } }));
  write('layers/deep.ts', `export const word: string = 'first';`);
  write('layers/inner.ts', `export { word } from './deep.ts';`);
  write('layers/counter.ts', 'let count = 0; export const next = () => ++count;');
  write(
    'functions/api/one.lambda.ts',
    `import { word } from '#layers/inner.ts'; import { next } from '#layers/counter.ts'; export const handler = () => word + next();`,
  );
  write(
    'functions/api/two.lambda.ts',
    `import { next } from '#layers/counter.ts'; export const handler = () => 'two' + next();`,
  );
});

afterEach(async () => {
  await loader?.close();
  rmSync(root, { recursive: true, force: true });
});

function write(path: string, content: string): void {
  mkdirSync(dirname(join(root, path)), { recursive: true });
  writeFileSync(join(root, path), content);
}

async function call(entry: string): Promise<unknown> {
  const handler = await loader.load(entry);
  return handler({} as APIGatewayProxyEventV2, {} as Context);
}

test('every entry of the route table has a handler, and it is this process’s own module', async () => {
  for (const entry of new Set(routes.map((route) => route.entry))) {
    expect(await loadHandler(entry)).toBe((await import(`#functions/api/${entry}.lambda.ts`)).handler);
  }
});

test('every job of the schedule table has a handler, and it is this process’s own module', async () => {
  loader = createHandlerLoader({ watch: false });
  for (const { job } of schedules) {
    expect(await loader.loadJob(job)).toBe((await import(`#functions/jobs/${job}.lambda.ts`)).handler);
  }
});

test('an entry without a file, and a file without a handler, are named', async () => {
  loader = createHandlerLoader({ watch: false, root });
  await expect(loader.load('three')).rejects.toThrow(`there is no ${root}/functions/api/three.lambda.ts`);
  write('functions/api/three.lambda.ts', 'export const handle = 1;');
  await expect(loader.load('three')).rejects.toThrow('three.lambda.ts exports no function named handler');
});

describe('watching', () => {
  beforeEach(() => {
    loader = createHandlerLoader({ watch: true, root });
  });

  test('a change of a module that a module imports is in the next call, and unchanged modules keep their state', async () => {
    expect(await call('one')).toBe('first1');
    expect(await call('two')).toBe('two2');
    write('layers/deep.ts', `export const word: string = 'second';`);
    expect(await call('one')).toBe('second3');
    write('layers/deep.ts', `export const word: string = 'third!';`);
    expect(await call('one')).toBe('third!4');
  });

  test('a change of the function itself, and a function that is new, are in the next call', async () => {
    expect(await call('two')).toBe('two1');
    write('functions/api/two.lambda.ts', `export const handler = () => 'other';`);
    expect(await call('two')).toBe('other');
    write('functions/api/three.lambda.ts', `export const handler = () => 'three';`);
    expect(await call('three')).toBe('three');
  });

  test('jobs are taken up as the routes are, and share their modules', async () => {
    write(
      'functions/jobs/daily.lambda.ts',
      `import { next } from '#layers/counter.ts'; export const handler = () => 'daily' + next();`,
    );
    const runJob = async () => (await loader.loadJob('daily'))({}, {} as Context);
    expect(await call('two')).toBe('two1');
    expect(await runJob()).toBe('daily2');
    write('functions/jobs/daily.lambda.ts', `export const handler = () => 'changed';`);
    expect(await runJob()).toBe('changed');
  });

  test('a module that changed twice back and forth is right each time', async () => {
    for (const word of ['a', 'b', 'a', 'b']) {
      write('layers/deep.ts', `export const word = '${word}';`);
      expect(String(await call('one'))).toMatch(new RegExp(`^${word}\\d$`));
    }
  });

  test('packages are found from the checkout', async () => {
    write('node_modules/dependency/package.json', JSON.stringify({ type: 'module', exports: './index.js' }));
    write('node_modules/dependency/index.js', `export const name = 'dependency';`);
    write(
      'functions/api/two.lambda.ts',
      `import { name } from 'dependency'; export const handler = () => name;`,
    );
    expect(await call('two')).toBe('dependency');
  });

  test('connections of replaced code are closed, and those of the last code by close()', async () => {
    const closed: string[] = [];
    Object.assign(globalThis, { closedPools: closed });
    const database = (name: string) =>
      write(
        'layers/platform/postgres/database.ts',
        `export const name = '${name}'; export const closeDatabase = async () => { globalThis.closedPools.push(name); };`,
      );
    database('old');
    write(
      'functions/api/two.lambda.ts',
      `export { name as unused } from '#layers/platform/postgres/database.ts'; export const handler = () => 2;`,
    );
    await call('two');
    write('layers/deep.ts', `export const word = 'unrelated';`);
    await call('two');
    expect(closed).toEqual([]);
    database('new');
    await call('two');
    await loader.close();
    expect(closed).toEqual(['old', 'new']);
  });

  test('close() removes the bundles, and a new loader those of a process that was killed', async () => {
    const bundles = () => readdirSync(join(root, '.stockade')).filter((name) => name.startsWith('code-'));
    await call('one');
    expect(bundles()).toEqual([expect.stringMatching(`^code-${process.pid}-`)]);
    await loader.close();
    expect(bundles()).toEqual([]);
    mkdirSync(join(root, '.stockade/code-2147483646-abandoned'));
    mkdirSync(join(root, `.stockade/code-${process.pid}-alive`));
    createHandlerLoader({ watch: true, root });
    expect(bundles()).toEqual([`code-${process.pid}-alive`]);
    expect(existsSync(join(root, 'functions'))).toBe(true);
  });

  test('behind the gateway a syntax error is a 500 that says where, and the next save heals it', async () => {
    const errors: unknown[] = [];
    const gateway: Gateway = await serveGateway({
      routes: [{ method: 'ANY', path: '$default', entry: 'one', scope: 'none' }],
      load: loader.load,
      onError: (error) => errors.push(error),
    });
    expect(await (await fetch(gateway.url)).text()).toBe('first1');
    write('layers/deep.ts', 'export const word = ;');
    expect((await fetch(gateway.url)).status).toBe(500);
    expect((await fetch(gateway.url)).status).toBe(500);
    expect(String(errors[0])).toContain('layers/deep.ts:1:20');
    write('layers/deep.ts', `export const word = 'healed';`);
    expect(await (await fetch(gateway.url)).text()).toBe('healed2');
    await gateway.close();
  });
});

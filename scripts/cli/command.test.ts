import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { runFile } from '#tests/commands/run.ts';

const here = (file: string) => JSON.stringify(join(import.meta.dirname, file));

/** A command with one of everything; `run` is what `--act` names. */
const program = `
import pg from ${JSON.stringify(import.meta.resolve('pg'))};
import { command } from ${here('command.ts')};
import { CommandError, UsageError } from ${here('failure.ts')};
import * as option from ${here('option.ts')};

const acts = {
  answer: async ({ options, arguments: { file } }) => ({ text: 'done ' + options.slug, json: { options, file } }),
  hostile: async ({ note }) => {
    const name = 'a\\u001b[2Jb\\u009b31m\\u202ec\\r\\td';
    note(name);
    return { text: '\\u001b[1mbold\\u001b[22m ' + name, json: { name } };
  },
  no: async () => ({ text: 'no', json: { no: true }, failed: true }),
  note: async ({ note, progress }) => {
    note('working');
    progress.start(2, 'things');
    progress.update(1);
    return { text: 'ok', json: 'ok' };
  },
  expected: async () => { throw new CommandError('it is full', 'Make room.'); },
  together: async () => { throw new UsageError('--slug and --wait exclude each other'); },
  bug: async () => { undefined.x; },
  database: async ({ options }) => { await new pg.Client({ host: '127.0.0.1', port: options.port }).connect(); },
  wait: async ({ signal, note }) => {
    const alive = setInterval(() => {}, 1000);
    await new Promise((resolve) => { signal.addEventListener('abort', resolve); note('ready'); });
    clearInterval(alive);
    return { text: 'finished the step', json: {} };
  },
  throwIfAborted: async ({ signal, note }) => {
    const alive = setInterval(() => {}, 1000);
    await new Promise((resolve) => { signal.addEventListener('abort', resolve); note('ready'); });
    clearInterval(alive);
    signal.throwIfAborted();
  },
  stubborn: async ({ note }) => { setInterval(() => {}, 1000); note('ready'); await new Promise(() => {}); },
};

await command({
  name: 'thing:do',
  summary: 'Does a thing.',
  options: {
    act: option.choice(Object.keys(acts), { description: 'what to do', default: 'answer' }),
    slug: option.text({ description: 'its name', required: true, placeholder: 'slug', pattern: /^[a-z]+$/, expected: 'It must be lower case letters.' }),
    port: option.integer({ description: 'a port', min: 1, max: 65535 }),
    waitMs: option.duration({ flag: 'wait', description: 'how long', default: 60000 }),
    dryRun: option.flag({ description: 'change nothing' }),
    config: option.path({ description: 'a file', exists: true }),
    tag: option.several(option.text({ description: 'a tag' })),
  },
  arguments: { file: option.path({ description: 'the input' }) },
  examples: [{ type: '--slug acme', does: 'does it to acme' }],
  untilStopped: process.env.UNTIL_STOPPED === 'yes',
  run: (context) => acts[context.options.act](context),
});
`;

let folder: string;
let script: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'stockade-command-'));
  script = join(folder, 'thing-do.ts');
  await writeFile(script, program);
});
afterAll(() => rm(folder, { recursive: true }));

function start(args: readonly string[], env: NodeJS.ProcessEnv = {}) {
  return spawn(process.execPath, [script, ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, ...env },
  });
}

async function type(line: string, env?: NodeJS.ProcessEnv) {
  const { stdout, stderr, exitCode } = await runFile(script, line.split(' ').filter(Boolean), env);
  return { out: stdout, err: stderr, code: exitCode };
}

describe('reading the command line', () => {
  test('--help shows the name as it is typed, every option and the examples, and exits 0', async () => {
    const { out, err, code } = await type('--help');
    expect(code).toBe(0);
    expect(err).toBe('');
    expect(out).toContain('Usage: npm run thing:do -- [options] [file]');
    expect(out).toMatch(/--wait <duration> +how long \(default: 1m\)/);
    expect(out).toContain('--json');
    expect(out).toContain('Examples:\n  npm run thing:do -- --slug acme\n      does it to acme');
  });

  test('values arrive typed, under their own names', async () => {
    const { out, code } = await type(
      '--slug acme --port 80 --wait 1.5s --dry-run --tag a --tag b in.csv --json',
    );
    expect(code).toBe(0);
    expect(JSON.parse(out)).toEqual({
      options: { act: 'answer', slug: 'acme', port: 80, waitMs: 1500, dryRun: true, tag: ['a', 'b'] },
      file: join(process.cwd(), 'in.csv'),
    });
  });

  test('what is not typed has its default', async () => {
    const { out } = await type('--slug acme --json');
    expect(JSON.parse(out).options).toEqual({
      act: 'answer',
      slug: 'acme',
      waitMs: 60_000,
      dryRun: false,
      tag: [],
    });
  });

  test.each([
    ['--slug acme --drY-run', "unknown option '--drY-run'\n(Did you mean --dry-run?)"],
    ['', "required option '--slug <slug>' not specified"],
    ['--slug', "option '--slug <slug>' argument missing"],
    ['--slug A1', 'It must be lower case letters.'],
    ['--slug acme --port 0', 'It must be a whole number from 1 to 65535.'],
    ['--slug acme --port 1e3', 'It must be a whole number'],
    ['--slug acme --wait 5', 'It must be a number with a unit'],
    ['--slug acme --act nothing', 'It must be one of answer, hostile, no,'],
    ['--slug acme --config no/such.file', 'does not exist.'],
    ['--slug acme one two', 'too many arguments'],
    ['--slug acme --act together', '--slug and --wait exclude each other'],
  ])('%s: exit code 2, what is wrong, and where help is', async (line, message) => {
    const { out, err, code } = await type(line);
    expect(code).toBe(2);
    expect(out).toBe('');
    expect(err).toContain(message);
    expect(err).toContain('See npm run thing:do -- --help');
    expect(err).not.toContain('    at ');
  });

  test('an option that npm took for itself is not silently dropped', async () => {
    const { err, code } = await type('--slug acme', { npm_config_dry_run: 'true' });
    expect(code).toBe(2);
    expect(err).toContain('Put -- before the options: npm run thing:do -- --dry-run');
  });

  test("an option that a user's .npmrc turns off was not typed", async () => {
    expect((await type('--slug acme', { npm_config_dry_run: '' })).code).toBe(0);
  });
});

describe('answering', () => {
  test('control characters are written out, except for our own colours', async () => {
    const name = 'a\\u001b[2Jb\\u009b31m\\u202ec\\u000d\td';
    expect(await type('--slug acme --act hostile')).toEqual({
      out: `\u001b[1mbold\u001b[22m ${name}\n`,
      err: `${name}\n`,
      code: 0,
    });
    const { out } = await type('--slug acme --act hostile --json');
    expect(out).not.toMatch(/[\u0080-\u009f\u202e]/);
    expect(JSON.parse(out)).toEqual({ name: 'a\u001b[2Jb\u009b31m\u202ec\r\td' });
  });

  test('text for people, with notes on stderr and no progress outside a terminal', async () => {
    expect(await type('--slug acme')).toEqual({ out: 'done acme\n', err: '', code: 0 });
    expect(await type('--slug acme --act note')).toEqual({ out: 'ok\n', err: 'working\n', code: 0 });
  });

  test('--json says nothing but the answer', async () => {
    expect(await type('--slug acme --act note --json')).toEqual({ out: '"ok"\n', err: '', code: 0 });
  });

  test('an answer of no is exit code 1 without an error', async () => {
    expect(await type('--slug acme --act no')).toEqual({ out: 'no\n', err: '', code: 1 });
  });
});

describe('failing', () => {
  test('an expected failure is its message and what to do, without a stack', async () => {
    expect(await type('--slug acme --act expected')).toEqual({
      out: '',
      err: 'error: it is full\n  Make room.\n',
      code: 1,
    });
    const { err } = await type('--slug acme --act expected --json');
    expect(JSON.parse(err)).toEqual({ error: { message: 'it is full', remedy: 'Make room.' } });
  });

  test('a usage error is JSON too with --json', async () => {
    const { err, code } = await type('--json');
    expect(code).toBe(2);
    expect(JSON.parse(err).error).toMatchObject({
      code: 'usage',
      message: "required option '--slug <slug>' not specified",
    });
  });

  test('a bug shows its stack', async () => {
    const { err, code } = await type('--slug acme --act bug');
    expect(code).toBe(1);
    expect(err).toContain('This is a bug in Stockade');
    expect(err).toContain('thing-do.ts');
  });

  test('a database that does not answer is named', async () => {
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as { port: number };
    server.close();
    await once(server, 'close');
    const { err, code } = await type(`--slug acme --act database --port ${port}`);
    expect(code).toBe(1);
    expect(err).toBe(
      `error: cannot reach the database at 127.0.0.1:${port}: is it running? (ECONNREFUSED)\n`,
    );
  });
});

describe('being stopped', () => {
  async function startAndWait(act: string, env?: NodeJS.ProcessEnv) {
    const child = start(['--slug', 'acme', '--act', act], env);
    const seen = { err: '', out: '' };
    child.stdout.setEncoding('utf8').on('data', (chunk) => {
      seen.out += chunk;
    });
    child.stderr.setEncoding('utf8').on('data', (chunk) => {
      seen.err += chunk;
    });
    await once(child.stderr, 'data');
    expect(seen.err).toBe('ready\n');
    return { child, seen, exit: once(child, 'close').then(([code]) => code as number) };
  }

  test.each(['SIGINT', 'SIGTERM'] as const)(
    'the first %s lets the step finish, exit code 130',
    async (signal) => {
      const { child, seen, exit } = await startAndWait('wait');
      child.kill(signal);
      expect(await exit).toBe(130);
      expect(seen.out).toBe('finished the step\n');
      expect(seen.err).toContain('press Ctrl-C again');
    },
  );

  test('a run that throws what the signal says is interrupted, not failed', async () => {
    const { child, seen, exit } = await startAndWait('throwIfAborted');
    child.kill('SIGINT');
    expect(await exit).toBe(130);
    expect(seen.err).toMatch(/error: interrupted\n$/);
  });

  test('for a command that runs until it is stopped, Ctrl-C is the regular end', async () => {
    const { child, exit } = await startAndWait('wait', { UNTIL_STOPPED: 'yes' });
    child.kill('SIGINT');
    expect(await exit).toBe(0);
  });

  test('a second Ctrl-C ends a command that does not listen, and npm forwarding the first does not', async () => {
    const { child, seen, exit } = await startAndWait('stubborn');
    child.kill('SIGINT');
    await once(child.stderr, 'data');
    const toldAtMs = performance.now();
    child.kill('SIGINT');
    // Pressed until it works: a press within 300 ms of the first is the first one, forwarded.
    const pressing = setInterval(() => child.kill('SIGINT'), 20);
    expect(await exit).toBe(130);
    clearInterval(pressing);
    expect(performance.now() - toldAtMs).toBeGreaterThan(200);
    expect(seen.err).toContain('press Ctrl-C again');
  });
});

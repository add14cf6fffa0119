import { afterEach, describe, expect, test, vi } from 'vitest';
import { UsageError } from './failure.ts';
import * as option from './option.ts';
import { argumentsBeforeDashes, type CommandForm, parseCommandLine, typedName } from './parser.ts';

const { argv } = process;
afterEach(() => {
  process.argv = argv;
  vi.unstubAllEnvs();
  vi.restoreAllMocks();
});

function type(...typed: string[]): void {
  process.argv = ['node', 'thing.ts', ...typed];
}

const form = (): CommandForm => ({
  name: 'thing:do',
  summary: 'Does a thing.',
  description: 'Whatever that is.',
  options: {
    slug: option.text({ description: 'its name', placeholder: 'slug' }),
    waitMs: option.duration({ flag: 'wait', description: 'how long', default: 90_000 }),
    mostLines: option.integer({ description: 'how many', min: 1, default: 5 }),
    dryRun: option.flag({ description: 'change nothing' }),
    tag: option.several(option.text({ description: 'a tag' })),
  },
  arguments: { inputFile: option.path({ description: 'the input' }) },
  examples: [
    { type: '', does: 'does it' },
    { type: '--slug acme', does: 'does it to acme' },
  ],
});

test.each([
  ['start', 'npm start --'],
  ['test', 'npm test --'],
  ['org:create', 'npm run org:create --'],
])('%s is typed as %s', (name, typed) => {
  expect(typedName(name)).toBe(typed);
});

test('arguments after a lone -- are not options', () => {
  type('--json', 'a', '--', '--dry-run', '--', 'b');
  expect(argumentsBeforeDashes()).toEqual(['--json', 'a']);
  type('--json');
  expect(argumentsBeforeDashes()).toEqual(['--json']);
  type('--', '--json');
  expect(argumentsBeforeDashes()).toEqual([]);
});

test('values arrive by their keys; what was not typed has its default', () => {
  type('--wait', '2s', '--most-lines=7', '--dry-run', '--tag', 'a', '--tag=b', '/in.csv', '--slug', 'acme');
  expect(parseCommandLine(form())).toEqual({
    options: { slug: 'acme', waitMs: 2_000, mostLines: 7, dryRun: true, tag: ['a', 'b'] },
    arguments: { inputFile: '/in.csv' },
  });
  type();
  expect(parseCommandLine(form())).toEqual({
    options: { slug: undefined, waitMs: 90_000, mostLines: 5, dryRun: false, tag: [] },
    arguments: { inputFile: undefined },
  });
});

test('the help is whole: how it is typed, what it does, every option with its default, examples', () => {
  const written = vi.spyOn(process.stdout, 'write').mockReturnValue(true);
  for (const asked of ['--help', '-h']) {
    written.mockClear();
    type(asked);
    expect(() => parseCommandLine(form())).toThrow(expect.objectContaining({ exitCode: 0 }));
    expect(
      written.mock.calls
        .map(([text]) => text)
        .join('')
        .replaceAll(/\n {20,}/g, ' '),
    ).toBe(`Usage: npm run thing:do -- [options] [input-file]

Does a thing.

Whatever that is.

Arguments:
  input-file             the input

Options:
  --slug <slug>          its name
  --wait <duration>      how long (default: 90s)
  --most-lines <number>  how many (default: 5)
  --dry-run              change nothing
  --tag <text>           a tag (may be repeated)
  --json                 print the answer as JSON; npm --silent hides the output of npm itself
  -h, --help             show this help

Examples:
  npm run thing:do
      does it
  npm run thing:do -- --slug acme
      does it to acme
`);
  }
});

describe('what is refused', () => {
  test.each([
    [['--sluG', 'x'], "error: unknown option '--sluG'\n(Did you mean --slug?)"],
    [['--slug'], "error: option '--slug <slug>' argument missing"],
    [['a', 'b'], 'error: too many arguments. Expected 1 argument but got 2: a, b.'],
    [
      ['--most-lines', '0'],
      "error: option '--most-lines <number>' argument '0' is invalid. It must be a whole number of at least 1.",
    ],
    [
      ['--slug', 'acme', '--slug', 'globex'],
      "error: option '--slug <slug>' argument 'globex' is invalid. The option is given twice: give it once.",
    ],
    [['--wait', '5'], 'is invalid. It must be a number with a unit: 200ms, 5s, 10m, 2h or 7d.'],
  ])('%j', (typed, message) => {
    type(...typed);
    const quiet = vi.spyOn(process.stderr, 'write').mockReturnValue(true);
    expect(() => parseCommandLine(form())).toThrow(message);
    expect(quiet).not.toHaveBeenCalled();
  });

  test('an option and an argument that are required and not there', () => {
    const { options, ...rest } = form();
    const needed = { slug: option.text({ description: 'd', required: true }) };
    type();
    expect(() => parseCommandLine({ ...rest, options: { ...options, ...needed } })).toThrow(
      "error: required option '--slug <text>' not specified",
    );
    const file = { inputFile: option.path({ description: 'd', required: true }) };
    expect(() => parseCommandLine({ ...rest, arguments: file })).toThrow(
      "error: missing required argument 'input-file'",
    );
  });
});

describe('an option that npm took for itself', () => {
  const taken = 'npm took --dry-run as an option of its own';

  test('is reported, with the place for the --', () => {
    vi.stubEnv('npm_config_dry_run', 'true');
    type();
    expect(() => parseCommandLine(form())).toThrow(UsageError);
    expect(() => parseCommandLine(form())).toThrow(
      expect.objectContaining({
        message: taken,
        remedy: 'Put -- before the options: npm run thing:do -- --dry-run …',
      }),
    );
    type('--', '--dry-run');
    expect(() => parseCommandLine({ ...form(), arguments: form().options ?? {} })).toThrow(taken);
  });

  test('was meant for the command too when it was typed there, and not at all when it is off', () => {
    vi.stubEnv('npm_config_dry_run', 'true');
    type('--dry-run');
    expect(parseCommandLine(form()).options).toMatchObject({ dryRun: true });
    vi.stubEnv('npm_config_dry_run', '');
    type();
    expect(parseCommandLine(form()).options).toMatchObject({ dryRun: false });
    vi.stubEnv('npm_config_slug', 'acme');
    type('--slug=other');
    expect(parseCommandLine(form()).options).toMatchObject({ slug: 'other' });
  });

  test('is known by its flag, and not by the key of the command', () => {
    vi.stubEnv('npm_config_wait_ms', '1s');
    type();
    expect(parseCommandLine(form()).options).toMatchObject({ waitMs: 90_000 });
    vi.stubEnv('npm_config_wait', '1s');
    expect(() => parseCommandLine(form())).toThrow('npm took --wait as an option of its own');
  });

  test('that switches something off leaves another trace', () => {
    const off = {
      ...form(),
      options: { schedules: option.flag({ description: 'd', flag: 'no-schedules' }) },
    };
    type();
    expect(parseCommandLine(off).options).toEqual({ schedules: true });
    vi.stubEnv('npm_config_schedules', '');
    expect(() => parseCommandLine(off)).toThrow('npm took --no-schedules as an option of its own');
    type('--no-schedules');
    expect(parseCommandLine(off).options).toEqual({ schedules: false });
  });
});

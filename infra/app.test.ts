import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { routes } from '#functions/routes.ts';
import { projectRoot } from './constructs/bundle.ts';

/** Cuts the process off the network: opening a connection throws. */
const offline = `data:text/javascript,${encodeURIComponent(
  "import net from 'node:net'; net.Socket.prototype.connect = () => { throw new Error('the network was used'); };",
)}`;

/** Loads bundles one after the other, each with the environment of its function, and prints the type of each handler. */
const load = `
  import { readFileSync } from 'node:fs';
  const types = {};
  for (const { entry, folder, file, exported, env } of JSON.parse(readFileSync(0, 'utf8'))) {
    for (const name of Object.keys(process.env)) delete process.env[name];
    Object.assign(process.env, env);
    process.chdir(folder);
    types[entry] = await import(file).then((module) => typeof module[exported], (error) => error.stack);
  }
  process.stdout.write(JSON.stringify(types));`;

// Outside the project: a bundle without a dependency must not find it in the project's node_modules.
const outdir = mkdtempSync(join(tmpdir(), 'stockade-synth-'));
afterAll(() => rmSync(outdir, { recursive: true }));

/** Runs the same as `npm run synth -- <args>`, without any AWS setting in its environment. */
function synth(args: readonly string[], env: Readonly<Record<string, string>> = {}) {
  return spawnSync(process.execPath, ['--import', offline, 'infra/app.ts', '-o', outdir, ...args], {
    cwd: projectRoot,
    env: { PATH: process.env.PATH, NODE_COMPILE_CACHE: process.env.NODE_COMPILE_CACHE, ...env },
    encoding: 'utf8',
  });
}

let functions: ReturnType<typeof readFunctions>;

interface FunctionResource {
  readonly Type: string;
  readonly Properties: {
    readonly Code: { readonly S3Key: string };
    readonly Environment: { readonly Variables: Readonly<Record<string, string>> };
    readonly Handler: string;
  };
}

/**
 * The entries that are deployed with an issuer and without a database: all but the migration, which needs the secret of the
 * database's master.
 */
const entries = ['api', 'jobs'].flatMap((folder) =>
  readdirSync(join(projectRoot, 'functions', folder))
    .filter((file) => file.endsWith('.lambda.ts') && file !== 'migrate.lambda.ts')
    .map((file) => `functions/${folder}/${file}`),
);
const everything = ['-c', 'jwtIssuer=https://login.example.com', '-c', 'jwtAudience=stockade'];

describe('npm run synth', { timeout: 120_000 }, () => {
  let result: ReturnType<typeof synth>;
  let tookMs: number;
  beforeAll(() => {
    const startedMs = performance.now();
    result = synth(everything);
    tookMs = performance.now() - startedMs;
    functions = readFunctions();
  }, 120_000);

  test('needs no account and no network, and says what it wrote', () => {
    expect(result.stderr).not.toContain('Error');
    expect(result.status).toBe(0);
    const api = [...new Set(routes.map(({ entry }) => entry))].sort();
    const jobs = [
      'reconcile-balances',
      'tidy',
      'monitor-backups',
      'heartbeat',
      'verify-snapshot',
      'sweep-drills',
    ];
    const [first, ...lines] = result.stdout.trimEnd().split('\n');
    expect(first).toMatch(/^Synthesized stage dev in \d+\.\d s$/);
    expect(Number(first?.split(' ').at(-2))).toBeLessThan(tookMs / 1_000);
    expect(lines).toEqual([
      `  functions  ${api.length} (${api.join(', ')})`,
      `  routes     ${routes.length}`,
      `  jobs       ${jobs.length} (${jobs.join(', ')})`,
      '  database   database.invalid (a placeholder)',
      ...['data', 'api', 'jobs', 'monitoring'].map((stack, index) => {
        const file = relative(projectRoot, join(outdir, `stockade-dev-${stack}.template.json`));
        return `${index === 0 ? '  templates ' : '            '} ${file}`;
      }),
    ]);
  });

  test('the drill has the SQL of the release beside it, without tests and faults', () => {
    const { Code } = functionOf('functions/jobs/verify-snapshot.lambda.ts');
    const release = join(projectRoot, 'sql');
    const expected = readdirSync(release, { recursive: true, withFileTypes: true })
      .filter((file) => file.isFile())
      .map((file) => relative(release, join(file.parentPath, file.name)))
      .filter((file) => !file.endsWith('.test.ts') && !file.split('/').includes('faults'));
    const bundled = Object.keys(contentsOf(join(folderOf(Code), 'sql')));
    expect(bundled.map((file) => relative(join(folderOf(Code), 'sql'), file)).sort()).toEqual(
      expected.sort(),
    );
    expect(expected).toContain('schema.sql');
    expect(existsSync(join(folderOf(functionOf('functions/jobs/tidy.lambda.ts').Code), 'sql'))).toBe(false);
  });

  test('every bundle loads as Lambda loads it', () => {
    const bundles = entries.map((entry) => {
      const { Code, Environment, Handler } = functionOf(entry);
      const folder = folderOf(Code);
      const [file, exported] = Handler.split('.');
      const env = {
        ...Environment.Variables,
        AWS_REGION: 'eu-central-1',
        AWS_EXECUTION_ENV: 'AWS_Lambda_nodejs24.x',
        AWS_LAMBDA_FUNCTION_NAME: entry,
        LAMBDA_TASK_ROOT: folder,
      };
      return { entry, folder, file: join(folder, `${file}.cjs`), exported, env };
    });
    const loaded = spawnSync(process.execPath, ['--import', offline, '--input-type=module', '--eval', load], {
      env: {},
      input: JSON.stringify(bundles),
      encoding: 'utf8',
    });
    expect(loaded.stderr).toBe('');
    expect(JSON.parse(loaded.stdout)).toEqual(
      Object.fromEntries(entries.map((entry) => [entry, 'function'])),
    );
  });

  test('a second run changes nothing', () => {
    const before = contentsOf(outdir);
    // The first run has validated the templates. Validation takes a third of a run, and writes none of them.
    expect(synth(everything, { CDK_VALIDATION: 'false' }).status).toBe(0);
    expect(contentsOf(outdir)).toEqual(before);
  });

  test('wrong input is an error that says what to pass, without a stack trace', () => {
    expect(synth(['-c', 'stage=staging'])).toMatchObject({
      status: 1,
      stdout: '',
      stderr: 'There is no stage "staging": pass -c stage=… with one of dev, prod\n',
    });
  });
});

/** The function that was bundled from an entry, in any stack. */
function functionOf(entry: string): FunctionResource['Properties'] {
  const found = functions.find(({ sources }) => sources.includes(`../../${entry}`));
  if (found === undefined) throw new Error(`no template has a function for ${entry}`);
  return found.properties;
}

/** The functions of all templates, with the files that each was bundled from. */
function readFunctions() {
  return readdirSync(outdir)
    .filter((file) => file.endsWith('.template.json'))
    .flatMap((file): FunctionResource[] => {
      const template: { Resources: Record<string, FunctionResource> } = JSON.parse(
        readFileSync(join(outdir, file), 'utf8'),
      );
      return Object.values(template.Resources).filter(({ Type }) => Type === 'AWS::Lambda::Function');
    })
    .map(({ Properties }) => ({ properties: Properties, sources: sourcesOf(Properties.Code) }));
}

function sourcesOf(code: FunctionResource['Properties']['Code']): readonly string[] {
  const map = join(folderOf(code), 'index.cjs.map');
  // The framework function that calls the pass key function is a bundle of CDK.
  return existsSync(map) ? JSON.parse(readFileSync(map, 'utf8')).sources : [];
}

function folderOf({ S3Key }: FunctionResource['Properties']['Code']): string {
  return join(outdir, `asset.${S3Key.replace('.zip', '')}`);
}

/** Every file below a folder, by path, with its text. */
function contentsOf(folder: string): Readonly<Record<string, string>> {
  const files = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((file) => file.isFile());
  return Object.fromEntries(
    files.map((file) => join(file.parentPath, file.name)).map((path) => [path, readFileSync(path, 'utf8')]),
  );
}

import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { routes } from '#functions/routes.ts';
import { projectRoot } from './constructs/bundle.ts';

/** Ends the process' network: whatever opens a connection throws. */
const offline = `data:text/javascript,${encodeURIComponent(
  "import net from 'node:net'; net.Socket.prototype.connect = () => { throw new Error('the network was used'); };",
)}`;

// Outside the project: a bundle that forgot a dependency must not find it in the project's node_modules.
const outdir = mkdtempSync(join(tmpdir(), 'stockade-synth-'));
afterAll(() => rmSync(outdir, { recursive: true }));

/** Runs what `npm run synth -- <args>` runs, with nothing of AWS in its environment. */
function synth(...args: string[]) {
  return spawnSync(process.execPath, ['--import', offline, 'infra/app.ts', '-o', outdir, ...args], {
    cwd: projectRoot,
    env: { PATH: process.env.PATH },
    encoding: 'utf8',
  });
}

interface FunctionResource {
  readonly Type: string;
  readonly Properties: {
    readonly Code: { readonly S3Key: string };
    readonly Environment: { readonly Variables: Readonly<Record<string, string>> };
    readonly Handler: string;
  };
}

describe('npm run synth', { timeout: 60_000 }, () => {
  let result: ReturnType<typeof synth>;
  beforeAll(() => {
    result = synth();
  }, 60_000);

  test('needs no account and no network, and says what it made', () => {
    expect(result.stderr).not.toContain('Error');
    expect(result.status).toBe(0);
    expect(result.stdout).toContain('stockade-dev-api');
    expect(result.stdout).toMatch(new RegExp(`routes +${routes.length}\n`));
    expect(result.stdout).toContain('stockade-dev-api.template.json');
  });

  test.each([...new Set(routes.map((route) => route.entry))])(
    'the bundle of %s loads as Lambda loads it',
    (entry) => {
      const { Code, Environment, Handler } = functionOf(entry);
      const [file, exported] = Handler.split('.');
      const folder = join(outdir, `asset.${Code.S3Key.replace('.zip', '')}`);
      const bundled: { sources: string[] } = JSON.parse(
        readFileSync(join(folder, `${file}.mjs.map`), 'utf8'),
      );
      expect(bundled.sources).toContain(`../../functions/api/${entry}.lambda.ts`);

      const load = `const { ${exported} } = await import('./${file}.mjs'); process.stdout.write(typeof ${exported});`;
      const loaded = spawnSync(
        process.execPath,
        ['--import', offline, '--input-type=module', '--eval', load],
        {
          cwd: folder,
          env: {
            ...Environment.Variables,
            AWS_REGION: 'eu-central-1',
            AWS_EXECUTION_ENV: 'AWS_Lambda_nodejs24.x',
            AWS_LAMBDA_FUNCTION_NAME: entry,
            LAMBDA_TASK_ROOT: folder,
          },
          encoding: 'utf8',
        },
      );
      expect(`${loaded.stdout}${loaded.status === 0 ? '' : loaded.stderr}`).toBe('function');
    },
  );

  test('a second time changes nothing', () => {
    const before = contentsOf(outdir);
    expect(synth().status).toBe(0);
    expect(contentsOf(outdir)).toEqual(before);
  });

  test.each([
    [
      'an unknown stage',
      ['-c', 'stage=staging'],
      'There is no stage "staging": pass -c stage=… with one of dev, prod',
    ],
    ['an unknown option', ['--stage', 'prod'], 'Usage: npm run synth'],
    ['context without a value', ['-c', 'stage'], '-c stage is not of the form -c key=value'],
  ])('%s is an error that says what to pass, without a stack trace', (_, args, message) => {
    const refused = synth(...args);
    expect(refused.status).toBe(1);
    expect(refused.stdout).toBe('');
    expect(refused.stderr).toContain(message);
    expect(refused.stderr).not.toContain('    at ');
  });
});

function functionOf(entry: string): FunctionResource['Properties'] {
  const template: { Resources: Record<string, FunctionResource> } = JSON.parse(
    readFileSync(join(outdir, 'stockade-dev-api.template.json'), 'utf8'),
  );
  // Logical ids have letters and digits only.
  const prefix = `${entry.replaceAll('-', '')}Function`;
  const found = Object.entries(template.Resources).find(
    ([id, { Type }]) => Type === 'AWS::Lambda::Function' && id.startsWith(prefix),
  );
  if (found === undefined) throw new Error(`the template has no function for the entry ${entry}`);
  return found[1].Properties;
}

/** Every file below a folder, by path, with its text. */
function contentsOf(folder: string): Readonly<Record<string, string>> {
  const files = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((file) => file.isFile());
  return Object.fromEntries(
    files.map((file) => join(file.parentPath, file.name)).map((path) => [path, readFileSync(path, 'utf8')]),
  );
}

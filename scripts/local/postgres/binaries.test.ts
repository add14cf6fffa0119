import { execFile, execFileSync } from 'node:child_process';
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { runsAsRoot } from './account.ts';
import { type Binaries, binariesVariable, findBinaries, reachableBinaries } from './binaries.ts';

test('the programs of this platform are found and run', () => {
  const binaries = findBinaries();
  const said = execFileSync(binaries.postgres, ['--version'], { encoding: 'utf8' });
  expect(said).toContain(`(PostgreSQL) ${binaries.major}.`);
  expect(existsSync(binaries.initdb)).toBe(true);
});

test('the programs of another version are those in the folder that the environment names', () => {
  const home = mkdtempSync(join(tmpdir(), 'stockade-older-'));
  const named = process.env[binariesVariable];
  try {
    writeFileSync(join(home, 'package.json'), '{"version": "16.14.0-beta.17"}');
    process.env[binariesVariable] = home;
    expect(findBinaries()).toMatchObject({ native: join(home, 'native'), major: '16' });
  } finally {
    rmSync(home, { recursive: true });
    delete process.env[binariesVariable];
    if (named !== undefined) process.env[binariesVariable] = named;
  }
});

describe.skipIf(!runsAsRoot())('for root', () => {
  const account = { uid: 65_534, gid: 65_534 };
  let folder: string;
  let hidden: Binaries;
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'stockade-binaries-'));
    chmodSync(folder, 0o755);
    const found = findBinaries();
    const native = join(folder, 'home/native');
    cpSync(found.native, native, { recursive: true, verbatimSymlinks: true });
    chmodSync(join(folder, 'home'), 0o700);
    chmodSync(join(native, 'bin/postgres'), 0o700);
    hidden = { ...found, native, postgres: join(native, 'bin/postgres'), initdb: join(native, 'bin/initdb') };
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  test('programs below a closed home folder are copied to where the account can run them, once', () => {
    const places = [join(folder, 'shared')];
    const copy = reachableBinaries(hidden, account, places);
    expect(copy.native.startsWith(join(folder, 'shared/postgres-'))).toBe(true);
    const said = execFileSync(copy.postgres, ['--version'], { ...account, cwd: '/', encoding: 'utf8' });
    expect(said).toContain(`(PostgreSQL) ${copy.major}.`);

    const madeAtMs = statSync(copy.native).ctimeMs;
    expect(reachableBinaries(hidden, account, places)).toEqual(copy);
    expect(statSync(copy.native).ctimeMs).toBe(madeAtMs);
    expect(statSync(join(folder, 'home')).mode & 0o777).toBe(0o700);
  });

  test('two processes that copy at once end with one copy and no remains', async () => {
    const places = [join(folder, 'raced')];
    const module = new URL('./binaries.ts', import.meta.url).href;
    const script = `import { reachableBinaries } from ${JSON.stringify(module)};
      reachableBinaries(${JSON.stringify(hidden)}, ${JSON.stringify(account)}, ${JSON.stringify(places)});`;
    const run = promisify(execFile);
    const once = () => run(process.execPath, ['--input-type=module', '-e', script]);
    await Promise.all([once(), once()]);
    expect(readdirSync(join(folder, 'raced'))).toEqual([
      `postgres-${hidden.version}-${process.platform}-${process.arch}`,
    ]);
  });

  test('programs that the account can reach stay where they are', () => {
    const open = findBinaries();
    const copy = reachableBinaries(open, account, [join(folder, 'unused')]);
    expect(copy === open || copy.native.startsWith(join(folder, 'unused'))).toBe(true);
  });
});

import { chmodSync, chownSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { canReach, runsAsRoot, unprivilegedAccount } from './account.ts';

test('the account is postgres where there is one, otherwise nobody, otherwise the conventional number of nobody', () => {
  const nobody = 'root:x:0:0::/root:/bin/sh\nnobody:x:65534:65533::/:/bin/false\n';
  expect(unprivilegedAccount(`${nobody}postgres:x:101:104::/:/bin/sh\n`)).toEqual({ uid: 101, gid: 104 });
  expect(unprivilegedAccount(nobody)).toEqual({ uid: 65_534, gid: 65_533 });
  expect(unprivilegedAccount('root:x:0:0::/root:/bin/sh\n')).toEqual({ uid: 65_534, gid: 65_534 });
  expect(unprivilegedAccount('nobody:*:-2:-2::/:/usr/bin/false\n')).toEqual({
    uid: 4_294_967_294,
    gid: 4_294_967_294,
  });
});

test('an account that is root under another name is not unprivileged', () => {
  expect(unprivilegedAccount('postgres:x:0:0::/:/bin/sh\nnobody:x:65534:65534::/:/bin/false\n').uid).toBe(
    65_534,
  );
});

describe.skipIf(!runsAsRoot())('reach, judged by mode bits', () => {
  const account = { uid: 54_321, gid: 54_322 };
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'stockade-reach-'));
    chmodSync(folder, 0o755);
    mkdirSync(join(folder, 'inner'), { mode: 0o755 });
    writeFileSync(join(folder, 'inner/program'), '', { mode: 0o755 });
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  test.each([
    ['open to all', 0o755, 0o755, true],
    ['closed folder above', 0o700, 0o755, false],
    ['folder that may be entered but not listed', 0o711, 0o755, true],
    ['program for its owner only', 0o755, 0o700, false],
    ['program that may be run but not read', 0o755, 0o711, false],
    ['file that nobody may run, readable', 0o755, 0o644, true],
  ])('%s', (_name, folderMode, programMode, reachable) => {
    chmodSync(folder, folderMode);
    chmodSync(join(folder, 'inner/program'), programMode);
    expect(canReach(account, join(folder, 'inner/program'))).toBe(reachable);
  });

  test('owner and group bits count when they are the account’s', () => {
    chmodSync(folder, 0o700);
    chownSync(folder, account.uid, 0);
    expect(canReach(account, join(folder, 'inner'))).toBe(true);
    chmodSync(folder, 0o710);
    chownSync(folder, 0, account.gid);
    expect(canReach(account, join(folder, 'inner'))).toBe(true);
    chmodSync(folder, 0o701);
    expect(canReach(account, join(folder, 'inner'))).toBe(false);
  });

  test('a symlink is judged by what it points to', () => {
    chmodSync(join(folder, 'inner'), 0o700);
    symlinkSync(join(folder, 'inner/program'), join(folder, 'link'));
    expect(canReach(account, join(folder, 'link'))).toBe(false);
  });

  test('what does not exist cannot be reached', () => {
    expect(canReach(account, join(folder, 'nothing'))).toBe(false);
  });
});

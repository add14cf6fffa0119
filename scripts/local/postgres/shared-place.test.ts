import {
  chmodSync,
  chownSync,
  mkdirSync,
  mkdtempSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { runsAsRoot } from './account.ts';
import { openSharedPlace } from './shared-place.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'stockade-place-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

test('the first folder that can be made is used, and others may enter it but not write to it', () => {
  writeFileSync(join(folder, 'file'), '');
  const place = openSharedPlace([join(folder, 'file/impossible'), join(folder, 'second')]);
  expect(place).toBe(join(folder, 'second'));
  expect(statSync(place).mode & 0o777).toBe(0o755);
});

test('a folder that others may write to is refused, not repaired', () => {
  mkdirSync(join(folder, 'open'));
  chmodSync(join(folder, 'open'), 0o777);
  expect(() => openSharedPlace([join(folder, 'open'), join(folder, 'second')])).toThrow(
    /only it can write to/,
  );
  expect(statSync(join(folder, 'open')).mode & 0o777).toBe(0o777);
});

test('a symlink instead of the folder is refused', () => {
  mkdirSync(join(folder, 'target'));
  symlinkSync(join(folder, 'target'), join(folder, 'link'));
  expect(() => openSharedPlace([join(folder, 'link')])).toThrow(/is not a folder of/);
});

test.skipIf(!runsAsRoot())('a folder that somebody else made is refused', () => {
  mkdirSync(join(folder, 'theirs'));
  chownSync(join(folder, 'theirs'), 54_321, 54_321);
  expect(() => openSharedPlace([join(folder, 'theirs')])).toThrow(/owner uid 54321/);
});

test('when no folder can be made, the error lists what was tried', () => {
  writeFileSync(join(folder, 'file'), '');
  expect(() => openSharedPlace([join(folder, 'file/a'), join(folder, 'file/b')])).toThrow(
    /file\/a.*\n.*file\/b/,
  );
});

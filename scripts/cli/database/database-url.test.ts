import { spawnSync } from 'node:child_process';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { findDatabaseUrl, readPlatformFile } from './database-url.ts';

let data: string;
beforeEach(async () => {
  data = await mkdtemp(join(tmpdir(), 'stockade-platform-'));
});
afterEach(() => rm(data, { recursive: true }));

const note = { pid: process.pid, url: 'http://127.0.0.1:3000', adminUrl: 'postgres://here/stockade' };
const put = (content: unknown) => writeFile(join(data, 'platform.json'), JSON.stringify(content));

test('the option comes before DATABASE_URL, and that before the running platform', async () => {
  await put(note);
  const env = { DATABASE_URL: 'postgres://environment/x' };
  expect(await findDatabaseUrl({ databaseUrl: 'postgres://option/x', data }, env)).toBe(
    'postgres://option/x',
  );
  expect(await findDatabaseUrl({ databaseUrl: undefined, data }, env)).toBe('postgres://environment/x');
  expect(await findDatabaseUrl({ databaseUrl: undefined, data }, {})).toBe('postgres://here/stockade');
});

test('when nothing runs, it says how to start it', async () => {
  await expect(readPlatformFile(data)).rejects.toMatchObject({
    message: `you named no database, and no local platform is running: ${join(data, 'platform.json')} does not exist`,
    remedy: expect.stringContaining('npm start'),
  });
});

test('when the process has ended, it says so', async () => {
  const { pid } = spawnSync(process.execPath, ['--eval', '']);
  await put({ ...note, pid });
  await expect(readPlatformFile(data)).rejects.toThrow(`its process ${pid} is not running`);
});

test.each(['{', 'null', '{"pid":1}', '{"pid":"1","adminUrl":"postgres://x"}'])(
  'a broken note %s is refused',
  async (content) => {
    await writeFile(join(data, 'platform.json'), content);
    await expect(readPlatformFile(data)).rejects.toThrow('does not describe a running platform');
  },
);

test('a DATABASE_URL that is none is refused without repeating it', async () => {
  for (const text of ['garbage', 'postgres://me:s#cret@host/x', 'postgres://me:secret@host:99999/x']) {
    const refused = findDatabaseUrl({ databaseUrl: undefined, data }, { DATABASE_URL: text });
    await expect(refused).rejects.toMatchObject({
      message: 'DATABASE_URL is not the URL of a database',
      remedy: expect.stringContaining('postgres://'),
    });
  }
  const socket = 'postgres://me@/stockade?host=/run/postgresql';
  expect(await findDatabaseUrl({ databaseUrl: undefined, data }, { DATABASE_URL: socket })).toBe(socket);
});

test('a data folder that is a file has no platform', async () => {
  await put(note);
  await expect(readPlatformFile(join(data, 'platform.json'))).rejects.toMatchObject({
    remedy: expect.stringContaining('npm start'),
  });
});

test('an empty DATABASE_URL is none, and what is named needs no platform', async () => {
  await put(note);
  expect(await findDatabaseUrl({ databaseUrl: undefined, data }, { DATABASE_URL: '' })).toBe(note.adminUrl);
  expect(await findDatabaseUrl({ databaseUrl: 'postgres://x', data: '/no/such' }, {})).toBe('postgres://x');
  expect(await readPlatformFile(data)).toEqual(note);
});

test('the error for a broken platform.json quotes its beginning, and has a remedy', async () => {
  const content = `{"pid":1.5,"adminUrl":"postgres://${'x'.repeat(100)}"}`;
  const file = join(data, 'platform.json');
  await writeFile(file, content);
  await expect(readPlatformFile(data)).rejects.toMatchObject({
    message: `${file} does not describe a running platform: ${content.slice(0, 80)}`,
    remedy: 'Stop the platform, remove the file and run `npm start` again.',
  });
});

test('a process of another user counts as running, although we may not signal it', async () => {
  await put({ ...note, pid: 1 });
  expect(await readPlatformFile(data)).toEqual({ ...note, pid: 1 });
});

test('a note that cannot be read for another reason is no platform that does not run', async () => {
  await mkdir(join(data, 'platform.json'));
  await expect(readPlatformFile(data)).rejects.toMatchObject({ code: 'EISDIR' });
});

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { text } from 'node:stream/consumers';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { Reject } from '#ledger/imports/rejects.ts';
import { createRejectsFile, rejectsPath } from './rejects-file.ts';

let folder: string;
let path: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'stockade-rejects-'));
  path = join(folder, 'stock.csv.rejects.csv');
});
afterEach(() => rm(folder, { recursive: true }));

const create = () => createRejectsFile(path, { delimiter: ';', header: () => ['sku', 'qty'] });
const reject = (line: number, fields: readonly string[], fault?: string): Reject => ({
  line,
  reason: fault ?? 'it is bad',
  record: { line, fields, bytes: 1, ...(fault !== undefined && { fault }) },
});
const content = () => readFile(path, 'utf8');

test('the lines of a file are there once it is finished, and only what must be quoted is', async () => {
  const file = await create();
  await file.write(reject(3, ['A', '1']));
  await file.write(reject(4, ['B;C', 'two\nlines']));
  await file.write(reject(5, ['say "D"', 'a,b']));
  await expect(content()).rejects.toThrow('ENOENT');
  await file.finish();
  expect(await content()).toBe(
    'reject_line;reject_reason;sku;qty\n3;it is bad;A;1\n4;it is bad;"B;C";"two\nlines"\n5;it is bad;"say ""D""";a,b\n',
  );
  expect(await readdir(folder)).toEqual(['stock.csv.rejects.csv']);
});

test('no cell of somebody else’s file is a formula for a spreadsheet, and a number stays one', async () => {
  const file = await createRejectsFile(path, { delimiter: ';', header: () => ['=sku', 'qty'] });
  await file.write(reject(3, ['=HYPERLINK("http://evil.example")', '-5']));
  await file.write(reject(4, ['@SUM(A1)', '+A1'], '=1+1'));
  await file.finish();
  expect(await content()).toBe(
    `reject_line;reject_reason;'=sku;qty\n3;it is bad;"'=HYPERLINK(""http://evil.example"")";-5\n4;'=1+1;'@SUM(A1);'+A1\n`,
  );
});

test('a list of any length is written on the way, once and in order', async () => {
  const file = await create();
  const lines = Array.from({ length: 3_000 }, (_, index) => index + 2);
  for (const line of lines) await file.write(reject(line, ['x'.repeat(40), '1']));
  const written = await readFile(`${path}.${process.pid}.partial`, 'utf8');
  expect(written.length).toBeGreaterThan(100_000);
  await file.finish();
  const numbers = (await content())
    .trimEnd()
    .split('\n')
    .map((line) => line.split(';')[0]);
  expect(numbers).toEqual(['reject_line', ...lines.map(String)]);
});

test('what could not be read goes back byte by byte, the reason beside it as text', async () => {
  const file = await create();
  await file.write(reject(2, ['\xe9', '1'], '“é” is wrong'));
  await file.finish();
  const lines = (await readFile(path)).toString('latin1').split('\n');
  expect(lines[1]).toBe(`2;${Buffer.from('“é” is wrong').toString('latin1')};\xe9;1`);
});

test('without a bad line there is no file, and that of an earlier run goes; interrupted it stays', async () => {
  await writeFile(path, 'of an earlier run');
  const brokenOff = await create();
  await brokenOff.write(reject(2, ['A', '1']));
  await brokenOff.discard();
  expect(await content()).toBe('of an earlier run');
  await (await create()).finish();
  expect(await readdir(folder)).toEqual([]);
});

test('what a run left that is gone is cleared away; what one writes now is not, and it goes on undisturbed', async () => {
  const running = spawn('cat', { stdio: ['pipe', 'pipe', 'ignore'] });
  running.stdin.on('error', () => {});
  const gone = spawn('true');
  await once(gone, 'exit');
  const theirs = `stock.csv.rejects.csv.${running.pid}.partial`;
  const others = ['stock.csv.rejects.csv.x.partial', `other.csv.${gone.pid}.partial`, theirs];
  for (const name of [...others, `stock.csv.rejects.csv.${gone.pid}.partial`]) {
    await writeFile(join(folder, name), '');
  }
  await create();
  expect((await readdir(folder)).sort()).toEqual([...others].sort());
  running.stdin.end('still here');
  expect(await text(running.stdout)).toBe('still here');
});

test('a folder that cannot be written to is named before anything is read', async () => {
  const nowhere = join(folder, 'nowhere');
  const creating = createRejectsFile(join(nowhere, 'a.csv'), { delimiter: ',', header: () => [] });
  await expect(creating).rejects.toMatchObject({
    message: expect.stringContaining(`cannot write rejects to ${nowhere}: ENOENT`),
    remedy: 'Choose another file with --rejects.',
  });
});

test('rejects are beside their file, or where one is when that cannot be', async () => {
  expect(await rejectsPath(join(folder, 'stock.csv'))).toBe(path);
  expect(await rejectsPath(join(folder, 'nowhere/stock.csv'))).toBe(resolve('stock.csv.rejects.csv'));
});

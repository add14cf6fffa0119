import { expect, test } from 'vitest';
import { type ImportReport, importFile } from './import-file.ts';
import { parseProfile } from './lines/profile.ts';
import { oneOrganization } from './organizations.ts';
import type { RejectSink } from './rejects.ts';

const profile = parseProfile({
  sku: { column: 'sku' },
  quantity: { column: 'qty', sign: 'in' },
  location: { constant: 'main' },
});

/** Imports a file without any readable line, so nothing reaches the database. */
async function importUnreadable(pieces: Iterable<string>, rejects: RejectSink): Promise<ImportReport> {
  return await importFile({
    fileName: 'test.csv',
    fileDigest: Buffer.alloc(32),
    profileDigest: Buffer.alloc(32),
    createMissing: true,
    retryRejects: false,
    trial: false,
    again: false,
    batchLines: 1_000,
    organizations: oneOrganization({ id: undefined, slug: 'acme' }),
    jobs: [{} as never],
    profile,
    source: (async function* () {
      for (const piece of pieces) yield Buffer.from(piece);
    })(),
    rejects,
  });
}

test.each(['sku,qty\nA,x\nB,y', 'sku,qty\nA,x\nB,y\n'])(
  'the last line counts with and without a line end: %j',
  async (text) => {
    const rejected: number[] = [];
    const report = await importUnreadable([text], async ({ line }) => void rejected.push(line));
    expect([report.lines, report.rejected, rejected]).toEqual([2, 2, [2, 3]]);
  },
);

test('the rejects of a large file are written in order, and before more of the file is read', async () => {
  // A window is 32 MiB of the file.
  const [first, second] = [34, 2];
  const line = `A,${'x'.repeat(1_000_000)}\n`;
  const rejected: number[] = [];
  let writtenAtTheEnd = 0;
  const pieces = function* () {
    yield 'sku,qty\n';
    for (let n = 0; n < first; n += 1) yield line;
    for (let n = 0; n < second; n += 1) yield line;
    writtenAtTheEnd = rejected.length;
  };
  let writing = 0;
  let mostAtOnce = 0;
  await importUnreadable(pieces(), async ({ line }) => {
    writing += 1;
    mostAtOnce = Math.max(mostAtOnce, writing);
    await new Promise(setImmediate);
    writing -= 1;
    rejected.push(line);
  });
  expect(mostAtOnce).toBe(1);
  expect(writtenAtTheEnd).toBe(first);
  expect(rejected).toEqual(Array.from({ length: first + second }, (_, index) => index + 2));
});

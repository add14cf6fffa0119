import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ClientBase } from 'pg';
import { expect, test } from 'vitest';
import { reconcileDue } from '#audit/reconciliation/runs/job.ts';
import { openAws } from '#tests/aws.ts';
import { run } from '#tests/commands/run.ts';
import type { Caller } from '#tests/world.ts';
import { noLimit, openBooks } from './books.ts';

const books = openBooks();
const aws = openAws();

async function erase({ slug }: Caller): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'stockade-erased-'));
  const env = { DATABASE_URL: books.world.adminUrl };
  try {
    for (const [script, ...options] of [
      ['org/suspend.ts'],
      ['org/export.ts', '--to', join(folder, 'export')],
      ['org/erase.ts', '--receipt', join(folder, 'export/manifest.json'), '--yes'],
    ] as const) {
      const { exitCode, stderr } = await run(script, ['--org', slug, ...options], env);
      expect([script, exitCode, stderr]).toEqual([script, 0, expect.anything()]);
    }
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

test('an organization that is erased while it is reconciled has not failed', async () => {
  const acme = await books.organization();
  let isErased = false;
  const query = async (...args: [string | { text: string }, unknown[]?]) => {
    if (!isErased && typeof args[0] === 'string' && args[0].startsWith('begin isolation level repeatable')) {
      isErased = true;
      await erase(acme);
    }
    return await books.jobs.query(...(args as [string, unknown[]?]));
  };
  expect(await reconcileDue({ query } as unknown as ClientBase, noLimit)).toMatchObject({
    organizations: 1,
    failed: 0,
    caughtUp: true,
  });
  expect(isErased).toBe(true);
  expect(aws.alerts()).toEqual([]);
}, 60_000);

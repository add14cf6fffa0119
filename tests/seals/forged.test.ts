import { spawnSync } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { movementHash } from '#audit/seals/leaf-hash.ts';
import type { MovementProof } from '#audit/seals/proof.ts';
import { paths } from '#scripts/paths.ts';
import { run } from '#tests/commands/run.ts';
import { openSealedWorld } from './sealed-world.ts';

/** Proofs that have the right hashes and say something else than what was sealed. */

const { organization, post, seal, tamper } = openSealedWorld();
/** Made to be read as another movement. The database refuses it; somebody has written it all the same. */
const reference = ['PO-1', '', '9', 'PO-FORGED', '9', 'user:boss', '{"approved": true}'].join('\n');
let folder: string;
let proof: MovementProof;
let python: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'stockade-forged-'));
  const tenant = await organization();
  await post(tenant, 2);
  const { status, body } = await tenant.request('POST', '/v1/movements', {
    kind: 'receipt',
    reference: 'PO-1',
    occurredAt: '2026-03-03T10:00:00Z',
    lines: [{ sku: 'A', location: 'MAIN', quantity: 5 }],
  });
  expect(status).toBe(201);
  await tamper('update entries set reference = $2 where org_id = $1 and id = $3', [
    tenant.id,
    reference,
    body.entryId,
  ]);
  await seal(tenant);
  proof = (await tenant.request('GET', `/v1/movements/${body.entryId}.1/proof`)).body;
  const page = await readFile(join(paths.root, 'docs/SEALS.md'), 'utf8');
  python = /```python\n(.*?)```/s.exec(page)?.[1] ?? '';
  await writeFile(join(folder, 'verify.py'), python);
});
afterAll(() => rm(folder, { recursive: true, force: true }));

type Movement = MovementProof['movement'];
const forged = (change: (movement: Movement) => Partial<Movement>) => () =>
  JSON.stringify({ ...proof, movement: { ...proof.movement, ...change(proof.movement) } });

const inMarch = forged(() => ({ occurredAt: '2026-02-31T10:00:00.000Z' }));

const forgeries: readonly (readonly [string, () => string, string])[] = [
  ['an id in capitals', forged((m) => ({ itemId: m.itemId.toUpperCase() })), 'itemId|no id'],
  ['a day that there is not', inMarch, 'instant|day is out of range'],
  [
    'a quantity twice',
    () => JSON.stringify(proof).replace('"quantity":', '"quantity":"999.0000","quantity":'),
    'twice',
  ],
];

async function check(content: string) {
  const file = join(folder, 'proof.json');
  await writeFile(file, content);
  return file;
}

test('the forgeries have the hash of what was sealed', () => {
  const hashOf = (json: string) => movementHash(JSON.parse(json).movement, 2).toString('hex');
  const sealed = hashOf(JSON.stringify(proof));
  expect(forgeries.map(([, forgery]) => hashOf(forgery()))).toEqual([sealed, sealed, expect.any(String)]);
});

describe('verify:seal', () => {
  test('takes a reference of several lines', async () => {
    const { exitCode, stderr } = await run('ledger/verify-seal.ts', [await check(JSON.stringify(proof))]);
    expect([exitCode, stderr]).toEqual([0, '']);
  });

  test.each(forgeries)('refuses %s', async (_, forgery, message) => {
    const { exitCode, stdout, stderr } = await run('ledger/verify-seal.ts', [await check(forgery())]);
    expect([exitCode, stdout]).toEqual([1, '']);
    expect(stderr).toContain('is not a proof');
    expect(stderr).toMatch(new RegExp(message));
  });

  test('refuses half a character, which would be written as another one', async () => {
    const half = forged(() => ({ reference: '\ud800' }))();
    const { exitCode, stderr } = await run('ledger/verify-seal.ts', [await check(half)]);
    expect([exitCode, stderr]).toEqual([1, expect.stringContaining('is not a proof: movement.reference')]);
  });
});

describe.skipIf(spawnSync('python3', ['--version']).status !== 0)('the verifier in docs/SEALS.md', () => {
  const runPython = (file: string) =>
    spawnSync('python3', [join(folder, 'verify.py'), file], { encoding: 'utf8' });

  test('takes the proof', async () => {
    const { status, stdout, stderr } = runPython(await check(JSON.stringify(proof)));
    expect([status, stderr]).toEqual([0, '']);
    expect(stdout).toContain(proof.seal.hash);
  });

  test.each(forgeries)('refuses %s', async (_, forgery, message) => {
    const { status, stderr } = runPython(await check(forgery()));
    expect(status).toBe(1);
    expect(stderr).toMatch(new RegExp(message));
  });

  test('refuses another path, and a seal that was altered', async () => {
    for (const altered of [
      { path: proof.path.slice(1) },
      { path: [...proof.path, '0'.repeat(64)] },
      { seal: { ...proof.seal, seq: 2 } },
      { seal: { ...proof.seal, seq: `${proof.seal.seq}\n`, previousHash: '' } },
      { anchor: { ...proof.anchor, key: 'seals/other.json' } },
    ]) {
      const { status, stderr } = runPython(await check(JSON.stringify({ ...proof, ...altered })));
      expect([status, stderr]).toEqual([1, expect.stringContaining('AssertionError')]);
    }
  });
});

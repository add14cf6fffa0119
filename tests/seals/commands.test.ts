import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { MovementProof } from '#audit/seals/proof.ts';
import { paths } from '#scripts/paths.ts';
import { run } from '#tests/commands/run.ts';
import type { Caller } from '#tests/world.ts';
import { openSealedWorld } from './sealed-world.ts';

const sealed = openSealedWorld();
const { world, organization, post, seal, tamper } = sealed;
let folder: string;
let tenant: Caller;
let entries: string[];
let proof: MovementProof;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'stockade-proofs-'));
  tenant = await organization();
  entries = await post(tenant, 7);
  await seal(tenant);
  const answer = await tenant.request('GET', `/v1/movements/${entries[4]}.1/proof`);
  expect(answer.status).toBe(200);
  proof = answer.body;
});
afterAll(() => rm(folder, { recursive: true, force: true }));

/** Nothing of a database, a platform or a network is in the environment of the command. */
async function check(content: string, ...options: string[]) {
  const file = join(folder, 'proof.json');
  await writeFile(file, content);
  const nowhere = {
    DATABASE_URL: 'postgres://nobody@127.0.0.1:1/nothing',
    STOCKADE_DATABASE_URL: '',
    AWS_ENDPOINT_URL_S3: 'http://127.0.0.1:1',
  };
  return await run('ledger/verify-seal.ts', [file, ...options], nowhere);
}

test('a proof is checked without database and network', async () => {
  const { exitCode, stdout, stderr } = await check(JSON.stringify(proof));
  expect([exitCode, stderr]).toEqual([0, '']);
  expect(stdout).toContain(`Movement ${entries[4]}.1 (receipt, 1.4000) is number 5 of 7 in seal 1`);
  expect(stdout).toContain(proof.seal.hash);
  const json = await check(JSON.stringify(proof), '--json');
  expect(JSON.parse(json.stdout)).toMatchObject({ ok: true, faults: [], compare: { hash: proof.seal.hash } });
  // As PowerShell saves text.
  expect((await check(`\uFEFF${JSON.stringify(proof)}`)).exitCode).toBe(0);
});

test('it takes the proof from stdin', async () => {
  const child = spawn(process.execPath, [join(paths.root, 'scripts/ledger/verify-seal.ts'), '-']);
  child.stdin.end(JSON.stringify(proof));
  const [output, [code]] = await Promise.all([text(child.stdout), once(child, 'exit')]);
  expect([code, output]).toEqual([0, expect.stringContaining('is number 5 of 7')]);
});

// What else can be another, and what else is no proof: scripts/ledger/proof-file.test.ts.
test('a proof with another quantity does not hold, and a file that is not a proof is refused', async () => {
  const changed = { ...proof, movement: { ...proof.movement, quantity: '9.0000' } };
  const { exitCode, stdout, stderr } = await check(JSON.stringify(changed));
  expect([exitCode, stderr]).toEqual([1, '']);
  expect(stdout).toMatch(/^The proof is wrong:\n {2}the movement \(leaf hash .* was altered\n$/);
  const none = await check('[]');
  expect([none.exitCode, none.stdout]).toEqual([1, '']);
  expect(none.stderr).toContain('GET /v1/movements/{id}/proof');
});

test('a missing file is named in the error; no file is wrong usage', async () => {
  const missing = await run('ledger/verify-seal.ts', [join(folder, 'nothing.json')]);
  expect([missing.exitCode, missing.stderr]).toEqual([1, expect.stringContaining('nothing.json: ENOENT')]);
  expect((await run('ledger/verify-seal.ts', [])).exitCode).toBe(2);
});

test.each(['ledger/verify-seal.ts', 'ledger/verify-ledger.ts', 'ledger/seal.ts'])(
  '%s --help shows examples',
  async (script) => {
    const { exitCode, stdout } = await run(script, ['--help']);
    expect([exitCode, stdout]).toEqual([0, expect.stringContaining('Examples:')]);
  },
);

test('a proof leads through the seals that follow to the first one that is anchored', async () => {
  const other = await organization();
  const [entry] = await post(other, 1);
  const bucket = process.env.STOCKADE_EVIDENCE_BUCKET;
  delete process.env.STOCKADE_EVIDENCE_BUCKET;
  await seal(other);
  await post(other, 1);
  await seal(other);
  process.env.STOCKADE_EVIDENCE_BUCKET = bucket;
  const ask = async () =>
    (await other.request('GET', `/v1/movements/${entry}.1/proof`)).body as MovementProof;
  const waiting = await ask();
  expect([waiting.chain.map(({ seq }) => seq), waiting.anchor]).toEqual([[2], null]);
  expect((await check(JSON.stringify(waiting))).exitCode).toBe(0);
  const broken = {
    ...waiting,
    chain: waiting.chain.map((link) => ({ ...link, previousHash: '0'.repeat(64) })),
  };
  expect((await check(JSON.stringify(broken))).stdout).toContain('seal 2 does not follow seal 1');

  await seal(other);
  const anchored = await ask();
  expect([anchored.chain, anchored.anchor?.key]).toEqual([[], `seals/${other.id}/000000000001.json`]);
});

test('a movement of somebody else, or none, is not found; one that is not sealed yet says so', async () => {
  const [unsealed] = await post(tenant, 1);
  const other = await organization();
  for (const [caller, id, status, code] of [
    [other, `${entries[0]}.1`, 404, 'not_found'],
    [tenant, `${entries[0]}.2`, 404, 'not_found'],
    [tenant, `${other.id}.1`, 404, 'not_found'],
    [tenant, `${unsealed}.1`, 409, 'not_sealed'],
  ] as const) {
    const answer = await caller.request('GET', `/v1/movements/${id}/proof`);
    expect([answer.status, answer.body.code]).toEqual([status, code]);
  }
});

test('a movement that was put behind a seal has no proof', async () => {
  const other = await organization();
  const [entry] = await post(other, 3);
  await seal(other);
  await tamper(
    `insert into movements (org_id, entry_id, line, item_id, location_id, lot, quantity, occurred_at, recorded_at)
     select org_id, entry_id, 2, item_id, location_id, lot, 5, occurred_at, recorded_at
     from movements where org_id = $1 and entry_id = $2`,
    [other.id, entry],
  );
  const answer = await other.request('GET', `/v1/movements/${entry}.2/proof`);
  expect([answer.status, answer.body.code]).toEqual([409, 'seal_mismatch']);
});

test('seals are listed a page at a time, the newest first, and only one’s own', async () => {
  const other = await organization();
  await post(other, 3);
  await seal(other, { mostMovements: 1 });
  const first = await other.request('GET', '/v1/seals?limit=2');
  expect(first.body.data.map(({ seq }: { seq: number }) => seq)).toEqual([3, 2]);
  expect(first.body.data[0].anchor.key).toBe(`seals/${other.id}/000000000003.json`);
  const second = await other.request('GET', `/v1/seals?limit=2&cursor=${first.body.nextCursor}`);
  expect(second.body).toMatchObject({ data: [{ seq: 1, previousHash: '0'.repeat(64) }], nextCursor: null });
});

test('seal and verify:ledger work as commands, and name the first fault', async () => {
  const other = await organization();
  const [entry] = await post(other, 3);
  const env = { ...process.env, DATABASE_URL: world.adminUrl };
  const made = await run('ledger/seal.ts', ['--org', other.slug, '--json'], env);
  expect([made.exitCode, made.stderr]).toEqual([0, '']);
  expect(JSON.parse(made.stdout)).toMatchObject({
    seals: [{ seq: 1, movements: 3 }],
    anchoring: { anchored: 1 },
  });
  const good = await run('ledger/verify-ledger.ts', ['--org', other.slug, '--json'], env);
  expect([good.exitCode, JSON.parse(good.stdout)]).toMatchObject([
    0,
    { ok: true, movements: 3, anchors: { compared: 1 } },
  ]);

  await tamper('update movements set quantity = 99 where org_id = $1 and entry_id = $2', [other.id, entry]);
  const bad = await run('ledger/verify-ledger.ts', ['--org', other.slug], env);
  expect(bad.exitCode).toBe(1);
  expect(bad.stdout).toContain(`The first: movement ${entry}.1`);
  const json = await run('ledger/verify-ledger.ts', ['--org', other.slug, '--json'], env);
  expect([json.exitCode, JSON.parse(json.stdout)]).toMatchObject([
    1,
    { ok: false, faults: [{ kind: 'movement_altered', seal: 1, movement: `${entry}.1` }] },
  ]);

  const unanchored = await run('ledger/verify-ledger.ts', ['--org', tenant.slug], {
    DATABASE_URL: world.adminUrl,
    STOCKADE_EVIDENCE_BUCKET: '',
  });
  expect([unanchored.exitCode, unanchored.stdout]).toEqual([
    1,
    expect.stringContaining('could not be compared'),
  ]);
  const nobody = await run('ledger/verify-ledger.ts', ['--org', 'nobody'], env);
  expect([nobody.exitCode, nobody.stderr]).toEqual([
    1,
    expect.stringContaining('there is no organization "nobody"'),
  ]);
}, 60_000);

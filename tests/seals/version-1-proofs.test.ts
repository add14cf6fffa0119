import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { MovementProof } from '#audit/seals/proof.ts';
import { type Seal, sealHash } from '#audit/seals/seal.ts';
import { CommandError } from '#scripts/cli/failure.ts';
import { parseProof, proofAnswer } from '#scripts/ledger/proof-file.ts';
import { paths } from '#scripts/paths.ts';
import { firstForm } from './version-1.ts';
import saved from './version-1-proofs.json' with { type: 'json' };

/** Proofs of movements in a seal that was made in version 1, as they were saved, for both programs that need no database. */

/** `proof` leads to a seal of version 2. The reference of the movement in `ambiguous` contains the lines of another one. */
const { proof, ambiguous } = saved as Readonly<Record<'proof' | 'ambiguous', MovementProof>>;
const reference = ambiguous.movement.reference ?? '';
let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'stockade-version-1-'));
  const page = await readFile(join(paths.root, 'docs/SEALS.md'), 'utf8');
  await writeFile(join(folder, 'verify.py'), /```python\n(.*?)```/s.exec(page)?.[1] ?? '');
});
afterAll(() => rm(folder, { recursive: true, force: true }));

type Said = readonly [holds: boolean, text: string];

/** What each program says about proofs: whether they hold, and its text. */
const programs: readonly (readonly [string, (contents: readonly string[]) => readonly Said[]])[] = [
  [
    'verify:seal',
    (contents) =>
      contents.map((content): Said => {
        try {
          const { failed, text } = proofAnswer(parseProof('proof.json', content));
          return [!failed, String(text)];
        } catch (error) {
          if (error instanceof CommandError) return [false, error.message];
          throw error;
        }
      }),
  ],
  [
    'the verifier in docs/SEALS.md',
    (contents) => {
      for (const [index, content] of contents.entries())
        writeFileSync(join(folder, `${index}.json`), content);
      const { stdout, stderr } = spawnSync('python3', ['-c', runEach, folder, String(contents.length)], {
        encoding: 'utf8',
      });
      expect(stderr).toBe('');
      return JSON.parse(stdout);
    },
  ],
];
const hasPython = spawnSync('python3', ['--version']).status === 0;

/** Runs the program for each file in one process: a start takes longer than all of them. */
const runEach = `
import contextlib, io, json, sys
program = compile(open(sys.argv[1] + "/verify.py").read(), "verify.py", "exec")
folder, count, said = sys.argv[1], int(sys.argv[2]), []
for number in range(count):
    sys.argv[1:] = [f"{folder}/{number}.json"]
    with contextlib.redirect_stdout(io.StringIO()) as out:
        try:
            exec(program, {})
            said.append([True, out.getvalue()])
        except Exception as error:
            said.append([False, repr(error)])
print(json.dumps(said))
`;

const sealedAgain = (seal: Seal, fields: Partial<Seal>): Seal => {
  const { hash: _, ...changed } = { ...seal, ...fields };
  return { ...changed, hash: sealHash(proof.organizationId, changed) };
};

describe.each(programs.filter(([name]) => name === 'verify:seal' || hasPython))('%s', (_name, check) => {
  const json = (values: readonly unknown[]) => check(values.map((value) => JSON.stringify(value)));
  const having = (movement: Partial<MovementProof['movement']>, from = proof) => ({
    ...from,
    movement: { ...from.movement, ...movement },
  });

  test('verifies version 1 through version 2, in both forms, and says what version 1 does not cover', () => {
    for (const [holds, text] of json([proof, ambiguous, firstForm({ ...proof, chain: [] })])) {
      expect([holds, text]).toEqual([
        true,
        expect.stringMatching(/ version 1, which does not cover|version 1 covers neither/),
      ]);
      expect(text).toContain('the number of entries');
    }
  });

  test('finds every field of a movement that version 1 covers', () => {
    const other = '01970000-0000-7000-8000-000000000001';
    const at = '2020-03-01T09:30:00.000Z';
    const changes: Partial<MovementProof['movement']>[] = [
      { quantity: '99.0000' },
      { itemId: other },
      { locationId: other },
      { lot: 'L' },
      { occurredAt: at },
      { recordedAt: at },
      { kind: 'return' },
      { reference: '' },
      { actor: 'job' },
      { reverses: other },
      { metadata: '{"a": 1}' },
      { line: 2 },
    ];
    const said = json(changes.map((change) => having(change)));
    expect(changes.map((change, index) => [change, said[index]])).toEqual(
      changes.map((change) => [
        change,
        [false, expect.stringMatching(/the movement, its path or the root was altered|not in the seal/)],
      ]),
    );
  });

  test('refuses a movement that has the hash of another one', () => {
    const { actor, metadata } = ambiguous.movement;
    const forged = {
      reference: 'PO-FORGED',
      actor: 'user:boss',
      metadata: `{"approved": true}\n${actor.length}\n${actor}\n${metadata}`,
      lot: `\n\n${reference.length}\nPO-1`,
    };
    expect(json([having(forged, ambiguous), having({ metadata: `${metadata}\n` }, ambiguous)])).toEqual([
      [false, expect.stringMatching(/altered|line feed/)],
      [false, expect.stringMatching(/altered|line feed/)],
    ]);
  });

  test('refuses version 1 after version 2, and a version that the seal does not have', () => {
    const [next] = proof.chain as [Seal];
    const older = sealedAgain(next, {
      ...{ version: 1, entries: null, seq: 3, previousHash: next.hash },
      ...{ afterEntry: next.boundary, boundary: 'ffffffff-ffff-7fff-8fff-ffffffffffff' },
    });
    expect(json([{ ...proof, chain: [next, older], anchor: null }])).toEqual([
      [false, expect.stringMatching(/older version/)],
    ]);
    const seals = [
      { ...proof.seal, version: 2 },
      { ...proof.seal, version: 2, entries: 2 },
      sealedAgain(proof.seal, { version: 2, entries: 2 }),
      sealedAgain(proof.seal, { version: 2 }),
      sealedAgain(proof.seal, { version: 3 }),
      { ...proof.seal, version: true },
      { ...proof.seal, version: '1' },
      { ...proof.seal, entries: 2 },
      { ...proof.seal, movements: 3 },
    ];
    const said = json(seals.map((seal) => ({ ...proof, seal, chain: [], anchor: null })));
    expect(seals.map((seal, index) => [seal, said[index]?.[0]])).toEqual(seals.map((seal) => [seal, false]));
  });

  test('refuses the first form with fields or seals of version 2', () => {
    const first = firstForm({ ...proof, chain: [] }) as Record<string, object>;
    const mixed = [
      { ...first, seal: { ...first.seal, version: 1 } },
      { ...first, chain: proof.chain },
      { ...proof, format: 'stockade proof 1' },
      { ...proof, format: 'stockade proof 3' },
      { ...first, format: 'stockade proof 2' },
      having({ entryOccurredAt: proof.movement.occurredAt }),
    ];
    const said = json(mixed);
    expect(mixed.map((each, index) => [each, said[index]?.[0]])).toEqual(mixed.map((each) => [each, false]));
  });
});

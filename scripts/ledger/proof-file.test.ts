import { describe, expect, test } from 'vitest';
import { movementHash } from '#audit/seals/leaf-hash.ts';
import { inclusionPath, merkleRoot } from '#audit/seals/merkle.ts';
import type { MovementProof } from '#audit/seals/proof.ts';
import { genesisHash, type Seal, sealHash } from '#audit/seals/seal.ts';
import { CommandError } from '../cli/failure.ts';
import { parseProof, proofAnswer } from './proof-file.ts';

const uuid = (n: number) => `01970000-0000-7000-8000-${String(n).padStart(12, '0')}`;
const organizationId = uuid(99);
const at = '2026-03-01T09:30:00.000Z';
const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex');

const movements: readonly MovementProof['movement'][] = [1, 2, 3].map((n) => ({
  entryId: uuid(n),
  line: 1,
  itemId: uuid(50),
  locationId: uuid(60),
  quantity: `${n}.5000`,
  lot: '',
  occurredAt: at,
  recordedAt: at,
  entryOccurredAt: at,
  entryRecordedAt: at,
  kind: 'receipt',
  reference: null,
  actor: 'key:0aQ3xVb7LmTz',
  reverses: null,
  metadata: '{}',
}));
const leaves = movements.map((movement) => movementHash(movement, 2));

function sealOf(fields: Omit<Seal, 'hash'>): Seal {
  return { ...fields, hash: sealHash(organizationId, fields) };
}

const seal = sealOf({
  version: 2,
  seq: 1,
  previousHash: genesisHash,
  afterEntry: null,
  boundary: uuid(3),
  movements: 3,
  entries: 3,
  merkleRoot: hex(merkleRoot(leaves) ?? Buffer.of()),
  closings: 1,
  closingDigest: 'a'.repeat(64),
  recordedThrough: at,
  settledThrough: null,
  sealedAt: at,
});
const { hash: _, ...fields } = seal;
const second = sealOf({ ...fields, seq: 2, previousHash: seal.hash, afterEntry: uuid(3), boundary: uuid(5) });
const anchor = { key: `seals/${organizationId}/000000000001.json`, versionId: null, anchoredAt: at };
const [, movement] = movements as [unknown, MovementProof['movement']];
const proof: MovementProof = {
  format: 'stockade proof 2',
  organizationId,
  movement,
  leaf: { index: 1, size: 3 },
  path: inclusionPath(leaves, 1).map(hex),
  seal,
  chain: [],
  anchor,
};

describe('a proof that holds', () => {
  const json = {
    ok: true,
    movement: `${uuid(2)}.1`,
    organizationId,
    faults: [],
    olderSeals: [],
    seal: { version: 2, seq: 1, hash: seal.hash, sealedAt: at },
  };
  const first = `Movement ${uuid(2)}.1 (receipt, 2.5000) is number 2 of 3 in seal 1 of ${at}.`;

  test('says what to compare with the anchor', () => {
    expect(proofAnswer(proof)).toEqual({
      failed: false,
      json: { ...json, compare: { seq: 1, hash: seal.hash, anchor: anchor.key } },
      text: `${first}\nCompare with ${anchor.key} in the evidence bucket: the hash of seal 1 must be ${seal.hash}.`,
    });
  });

  test('through later seals, not anchored yet', () => {
    expect(proofAnswer({ ...proof, chain: [second], anchor: null })).toEqual({
      failed: false,
      json: { ...json, compare: { seq: 2, hash: second.hash, anchor: null } },
      text: `${first}\nThe hash of seal 2 is ${second.hash}. It was not anchored yet when this proof was created.`,
    });
  });
});

const zeros = '0'.repeat(64);
const notSealed = 'the movement, its path or the root was altered';
const altered = 'one of them was altered';
const changes: readonly (readonly [string, Partial<MovementProof>, readonly string[]])[] = [
  ['the quantity', { movement: { ...movement, quantity: '9.0000' } }, [notSealed]],
  ['the sign', { movement: { ...movement, quantity: '-2.5000' } }, [notSealed]],
  ['the line', { movement: { ...movement, line: 2 } }, [notSealed]],
  ['the item', { movement: { ...movement, itemId: uuid(51) } }, [notSealed]],
  ['the location', { movement: { ...movement, locationId: uuid(61) } }, [notSealed]],
  ['the lot', { movement: { ...movement, lot: 'L' } }, [notSealed]],
  ['the kind', { movement: { ...movement, kind: 'return' } }, [notSealed]],
  ['the reference', { movement: { ...movement, reference: '' } }, [notSealed]],
  ['the actor', { movement: { ...movement, actor: 'job' } }, [notSealed]],
  ['the time', { movement: { ...movement, occurredAt: '2026-03-01T09:30:00.001Z' } }, [notSealed]],
  ['the time of recording', { movement: { ...movement, recordedAt: at.replace('09', '08') } }, [notSealed]],
  [
    'the time of the entry',
    { movement: { ...movement, entryOccurredAt: at.replace('09', '08') } },
    [notSealed],
  ],
  [
    'the time of recording of the entry',
    { movement: { ...movement, entryRecordedAt: at.replace('09', '08') } },
    [notSealed],
  ],
  ['what it reverses', { movement: { ...movement, reverses: uuid(1) } }, [notSealed]],
  ['the metadata', { movement: { ...movement, metadata: '{"a": 1}' } }, [notSealed]],
  ['the place in the tree', { leaf: { index: 0, size: 3 } }, [notSealed]],
  [
    'the size of the tree',
    { leaf: { index: 1, size: 2 } },
    ['the proof is for a tree of 2 leaves, but the seal covers 3 movements', 'does not lead from leaf 1'],
  ],
  ['a sibling', { path: [...proof.path.slice(0, -1), zeros] }, [notSealed]],
  [
    'the length of the path',
    { path: proof.path.slice(1) },
    ['a path of 1 hash does not lead from leaf 1 to the root of 3 leaves'],
  ],
  ['the root', { seal: { ...seal, merkleRoot: zeros } }, [notSealed, altered]],
  ['the number of entries', { seal: { ...seal, entries: 4 } }, [altered]],
  ['the time of the seal', { seal: { ...seal, sealedAt: at.replace('2026', '2020') } }, [altered]],
  ['the organization', { organizationId: uuid(98) }, [altered, 'the anchor of seal 1 is']],
  [
    'the entry, by one after the boundary',
    { movement: { ...movement, entryId: uuid(4) } },
    [`the entry ${uuid(4)} is not between the beginning and ${uuid(3)}, the range of seal 1`, notSealed],
  ],
  [
    'the anchor',
    { anchor: { ...anchor, key: `seals/${organizationId}/000000000002.json` } },
    [`the anchor of seal 1 is ${anchor.key}, not seals/${organizationId}/000000000002.json`],
  ],
  ...(['seq', 'previousHash', 'afterEntry'] as const).map((field) => {
    const other = { seq: 3, previousHash: zeros, afterEntry: uuid(2) }[field];
    const { hash: __, ...rest } = second;
    const link = sealOf({ ...rest, [field]: other });
    const message = `seal ${link.seq} does not follow seal 1: its previousHash is ${link.previousHash}`;
    const change: Partial<MovementProof> = { chain: [link], anchor: null };
    return [`${field} of a later seal`, change, [message]] as const;
  }),
];

test.each(changes)(
  'a proof in which %s is another does not hold, and it says so',
  (_name, change, messages) => {
    const { failed, json, text } = proofAnswer({ ...proof, ...change });
    const { faults } = json as { faults: string[] };
    expect([failed, (json as { ok: boolean }).ok]).toEqual([true, false]);
    expect(faults).toEqual(messages.map((message) => expect.stringContaining(message)));
    expect(text).toBe(['The proof is wrong:', ...faults.map((fault) => `  ${fault}`)].join('\n'));
  },
);

test('an entry that the seal before covers is not of this one', () => {
  const later = sealOf({ ...fields, seq: 2, afterEntry: uuid(2) });
  const { json } = proofAnswer({ ...proof, seal: later, anchor: null });
  expect((json as { faults: string[] }).faults).toEqual([
    `the entry ${uuid(2)} is not between ${uuid(2)} and ${uuid(3)}, the range of seal 2`,
  ]);
});

describe('what is read', () => {
  const text = JSON.stringify(proof);

  test('is the proof, with a mark of the order of bytes in front or without', () => {
    expect(parseProof('p.json', text)).toEqual(proof);
    expect(parseProof('p.json', `\uFEFF${text}`)).toEqual(proof);
  });

  test.each([
    ['', 'p.json is not JSON: ""'],
    ['{"format":', 'p.json is not JSON: "{\\"format\\":"'],
    ['x'.repeat(61), `p.json is not JSON: "${'x'.repeat(60)}"`],
    ['[]', 'p.json is not a proof: it: '],
    [
      '{"format":"stockade proof"}',
      'p.json is not a proof: format: must be a proof with the format "stockade proof 1" or "stockade proof 2"',
    ],
    [
      text.replace('"version":2', '"version":3'),
      'p.json is not a proof: seal.version: must be a seal of version 1 or 2',
    ],
    [text.replace('"version":2', '"version":1'), 'p.json is not a proof: seal.entries: '],
    [text.replace('"line":1', '"line":1,"line":1'), 'p.json is not a proof: the key "line" appears twice'],
    [text.replace('"line":1', '"line":0'), 'p.json is not a proof: movement.line: '],
    [text.replace('{"format"', '{"more":1,"format"'), 'p.json is not a proof: it: '],
  ])('%j is not a proof', (content, message) => {
    const read = () => parseProof('p.json', content);
    expect(read).toThrow(CommandError);
    expect(read).toThrow(message);
    expect(read).toThrow(
      expect.objectContaining({ remedy: 'Save the unchanged answer of GET /v1/movements/{id}/proof.' }),
    );
  });
});

import * as z from 'zod';
import type { RouteDocumentation } from '#http/openapi/documentation.ts';
import { entryKinds } from '#ledger/entries.ts';
import { Id, listOf, Time } from './answers.ts';
import { vocabulary } from './vocabulary.ts';

const Hash = z.string().regex(/^[0-9a-f]{64}$/);
vocabulary.add(Hash, { id: 'Hash', description: 'A SHA-256, in hex.' });

const Seal = z.strictObject({
  version: z.int().min(1),
  seq: z.int().min(1),
  hash: Hash,
  previousHash: Hash,
  afterEntry: Id.nullable(),
  boundary: Id,
  movements: z.int().min(1),
  entries: z.int().min(1).nullable(),
  merkleRoot: Hash,
  closings: z.int().min(1),
  closingDigest: Hash,
  recordedThrough: Time,
  settledThrough: Time.nullable(),
  sealedAt: Time,
});
vocabulary.add(Seal, {
  id: 'Seal',
  description: 'A hash over the ledger up to an instant, chained to the hash of the seal before.',
});
vocabulary.add(Seal.shape.afterEntry, {
  description: 'The seal covers the movements of entries after this one; null for the first seal.',
});
vocabulary.add(Seal.shape.boundary, { description: 'The last entry that the seal covers.' });
vocabulary.add(Seal.shape.version, {
  description: 'The version of the bytes that are hashed: see `docs/SEALS.md`.',
});
vocabulary.add(Seal.shape.entries, {
  description:
    'The number of entries that the movements belong to; null in version 1, which does not count them.',
});
vocabulary.add(Seal.shape.merkleRoot, {
  description: 'Over the movements and their entries, by entry and line (RFC 6962, SHA-256).',
});
vocabulary.add(Seal.shape.closings, { description: 'The number of balances that the movements changed.' });
vocabulary.add(Seal.shape.recordedThrough, {
  description: 'The latest `recordedAt` of this seal and those before it.',
});
vocabulary.add(Seal.shape.settledThrough, {
  description: 'No entry with this `recordedAt` or an earlier one can be added any more.',
});

const Anchor = z
  .strictObject({ key: z.string(), versionId: z.string().nullable(), anchoredAt: Time })
  .nullable();
vocabulary.add(Anchor, {
  description: 'The copy of the hash outside the database, in a write-once bucket; null until it is written.',
});

const MovementProof = z.strictObject({
  format: z.literal('stockade proof 2'),
  organizationId: Id,
  movement: z.strictObject({
    entryId: Id,
    line: z.int().min(1),
    itemId: Id,
    locationId: Id,
    quantity: z.string(),
    lot: z.string(),
    occurredAt: Time,
    recordedAt: Time,
    entryOccurredAt: Time.nullable(),
    entryRecordedAt: Time.nullable(),
    kind: z.enum(entryKinds),
    reference: z.string().nullable(),
    actor: z.string(),
    reverses: Id.nullable(),
    metadata: z.string(),
  }),
  leaf: z.strictObject({ index: z.int().min(0), size: z.int().min(1) }),
  path: z.array(Hash),
  seal: Seal,
  chain: z.array(Seal),
  anchor: Anchor,
});
vocabulary.add(MovementProof, {
  id: 'MovementProof',
  description: 'Everything that you need to check, without the database, that a seal contains a movement.',
});
vocabulary.add(MovementProof.shape.chain, {
  description: 'The later seals, up to the first anchored one.',
});

const entryId = '0197b1f2-7a90-7c51-8d43-92ad0f6e5b10';
const hash = '8d3f4c9a5b2e6f7081a2b3c4d5e6f708192a3b4c5d6e7f8091a2b3c4d5e6f701';
const at = '2026-03-01T09:30:00.000Z';
const seal = {
  version: 2,
  seq: 1,
  hash,
  previousHash: '0'.repeat(64),
  afterEntry: null,
  boundary: entryId,
  movements: 1,
  entries: 1,
  merkleRoot: hash,
  closings: 1,
  closingDigest: hash,
  recordedThrough: at,
  settledThrough: '2026-03-01T23:59:00.000Z',
  sealedAt: '2026-03-02T00:00:00.000Z',
};
const anchor = {
  key: 'seals/0197b1f2-6c1e-7a30-9d2f-3a5e0c7b1d42/000000000001.json',
  versionId: null,
  anchoredAt: '2026-03-02T00:00:01.000Z',
};

export const sealRoutes: Readonly<Record<string, RouteDocumentation>> = {
  'GET /v1/seals': {
    id: 'listSeals',
    summary: 'Lists the seals of the ledger, the newest first',
    description:
      'The ledger is sealed once a day. Nothing can be added before the boundary of a seal, and every change or removal there is detected.',
    answer: listOf(Seal.extend({ anchor: Anchor })),
    example: { answer: { data: [{ ...seal, anchor }], nextCursor: null } },
  },
  'GET /v1/movements/{id}/proof': {
    id: 'getMovementProof',
    summary: 'Proves that a seal contains a movement',
    description:
      '`npm run verify:seal -- proof.json` checks the answer with SHA-256 alone: no database, no network. `docs/SEALS.md` describes how to check it with a program of your own.',
    answer: MovementProof,
    problems: ['not_sealed', 'seal_mismatch'],
    example: {
      path: { id: `${entryId}.1` },
      answer: {
        format: 'stockade proof 2',
        organizationId: '0197b1f2-6c1e-7a30-9d2f-3a5e0c7b1d42',
        movement: {
          entryId,
          line: 1,
          itemId: '0197b1f2-6f00-7000-8000-000000000001',
          locationId: '0197b1f2-6f00-7000-8000-000000000002',
          quantity: '12.0000',
          lot: '',
          occurredAt: at,
          recordedAt: at,
          entryOccurredAt: at,
          entryRecordedAt: at,
          kind: 'receipt',
          reference: 'PO-1001',
          actor: 'key:0aQ3xVb7LmTz',
          reverses: null,
          metadata: '{}',
        },
        leaf: { index: 0, size: 1 },
        path: [],
        seal,
        chain: [],
        anchor,
      },
    },
  },
};

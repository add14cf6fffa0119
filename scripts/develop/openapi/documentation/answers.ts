import * as z from 'zod';
import { entryKinds } from '#ledger/entries.ts';
import { Code, ExistingCode, Reference } from '#ledger/input.ts';
import { Metadata } from '#ledger/metadata.ts';
import { scopes } from '#tenancy/credentials/api-keys.ts';
import { roles } from '#tenancy/users.ts';
import { vocabulary } from './vocabulary.ts';

/** The schemas of the answers. The tests check every answer of the API against them. */

/** An instant in the form of the API: UTC, to the millisecond. */
export const Time = z.string().regex(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
vocabulary.add(Time, {
  id: 'Time',
  description: 'An instant in UTC, to the millisecond.',
  examples: ['2026-03-01T09:30:00.000Z'],
});

export const Id = z.uuid();

/** A quantity in an answer, which can be zero. */
export const Amount = z.number();
vocabulary.add(Amount, {
  id: 'Amount',
  description: "In the item's own unit, exact to four decimals.",
  examples: [117],
});

export const LotOrNull = z.string().max(64).nullable();
vocabulary.add(LotOrNull, { description: 'null for an item without lots.' });

export const Item = z.strictObject({
  id: Id,
  sku: Code,
  aliases: z.array(ExistingCode),
  name: z.string(),
  unit: z.string(),
  tracking: z.enum(['none', 'lot']),
  allowNegative: z.boolean(),
  reorderPoint: Amount.nullable(),
  metadata: Metadata,
  createdAt: Time,
  updatedAt: Time,
});
vocabulary.add(Item, { id: 'Item' });

export const Location = z.strictObject({
  id: Id,
  code: Code,
  aliases: z.array(ExistingCode),
  name: z.string(),
  kind: z.enum(['warehouse', 'store', 'supplier', 'customer', 'transit', 'other']),
  createdAt: Time,
  updatedAt: Time,
});
vocabulary.add(Location, { id: 'Location' });

const Figures = {
  onHand: Amount,
  reserved: Amount,
  available: Amount,
  version: z.int().min(0),
};
vocabulary.add(Figures.version, { description: 'The number of movements of the balance.' });

const Line = {
  movementId: z.string(),
  sku: Code,
  location: Code,
  lot: LotOrNull,
  quantity: Amount,
};
vocabulary.add(Line.movementId, { description: 'The id of the entry, a dot, and the number of the line.' });

const EntryHead = {
  entryId: Id,
  kind: z.enum(entryKinds),
  reference: Reference.nullable(),
  occurredAt: Time,
  recordedAt: Time,
};

export const PostedEntry = z.strictObject({
  ...EntryHead,
  reverses: Id.nullable(),
  lines: z.array(z.strictObject({ ...Line, balance: z.strictObject(Figures) })),
  dryRun: z.literal(true).optional(),
});
vocabulary.add(PostedEntry, {
  id: 'PostedEntry',
  description: 'A posted entry, each line with its new balance.',
});

const RefusedEntry = z.looseObject({
  code: z.string(),
  status: z.int(),
  detail: z.string(),
  errors: z.array(z.strictObject({ field: z.string(), message: z.string() })).optional(),
});
vocabulary.add(RefusedEntry, {
  id: 'RefusedEntry',
  description:
    'Why an entry of a batch is refused, with the members of a Problem that the answer to it alone would have.',
});

export const PostedEntries = z.strictObject({
  posted: z.int().min(0),
  refused: z.int().min(0),
  dryRun: z.literal(true).optional(),
  results: z.array(
    z.union([z.strictObject({ entry: PostedEntry }), z.strictObject({ problem: RefusedEntry })]),
  ),
});
vocabulary.add(PostedEntries, {
  id: 'PostedEntries',
  description: 'How many entries of a batch were posted and refused, and a result for each, in their order.',
});

export const Entry = z.strictObject({
  ...EntryHead,
  actor: z.string(),
  metadata: Metadata,
  reverses: Id.nullable(),
  reversedBy: Id.nullable(),
  lines: z.array(z.strictObject(Line)),
});
vocabulary.add(Entry, { id: 'Entry' });
vocabulary.add(Entry.shape.actor, { description: 'Who posted it: `key:<id>`, `user:<id>` or `job`.' });

export const Movement = z.strictObject({ ...EntryHead, ...Line });
vocabulary.add(Movement, { id: 'Movement' });

export const Balance = z.strictObject({ sku: Code, location: Code, lot: LotOrNull, ...Figures });
vocabulary.add(Balance, {
  id: 'Balance',
  description: '`available` is `onHand` minus `reserved`.',
});

export const PastBalance = z.strictObject({
  sku: Code,
  location: Code,
  lot: LotOrNull,
  onHand: Amount,
  version: Figures.version,
});
vocabulary.add(PastBalance, {
  id: 'PastBalance',
  description: 'A balance at an instant in the past. Only `onHand` has a history, so `reserved` is missing.',
});

const PastAnswer = {
  asOf: z.iso.datetime({ offset: true }),
  basis: z.enum(['recorded', 'effective']),
  sealed: z.boolean(),
};
vocabulary.add(PastAnswer.sealed, {
  description: 'Whether a seal covers the whole history that this answer comes from.',
});

const nextCursor = z.string().nullable();
vocabulary.add(nextCursor, {
  description: 'Pass it as `cursor` to get the next page; null on the last page.',
});

/** A page of a list. */
export function listOf<Row extends z.ZodType>(row: Row) {
  return z.strictObject({ data: z.array(row), nextCursor });
}

export const Balances = z.union([
  listOf(Balance),
  z.strictObject({ data: z.array(PastBalance), nextCursor, ...PastAnswer }),
]);

export const ItemBalance = z.union([
  z.strictObject({
    sku: Code,
    onHand: Amount,
    reserved: Amount,
    available: Amount,
    locations: z.array(Balance.omit({ sku: true })),
  }),
  z.strictObject({
    sku: Code,
    ...PastAnswer,
    onHand: Amount,
    locations: z.array(PastBalance.omit({ sku: true })),
  }),
]);

export const Organization = z.strictObject({
  id: Id,
  slug: z.string(),
  name: z.string(),
  status: z.enum(['active', 'suspended']),
  createdAt: Time,
});
vocabulary.add(Organization, { id: 'Organization' });

export const OperatedOrganization = Organization.extend({
  suspendedAt: Time.nullable(),
  suspensionReason: z.string().nullable(),
  maxConcurrency: z.int().meta({ description: 'How many of its requests may be under way at once.' }),
});
vocabulary.add(OperatedOrganization, {
  id: 'OperatedOrganization',
  description: 'An organization as operators see it.',
});

export const CreatedOrganization = z.strictObject({
  id: Id,
  slug: z.string(),
  name: z.string(),
  apiKey: z.string(),
  looksLike: z.array(z.string()),
});
vocabulary.add(CreatedOrganization.shape.apiKey, {
  description: 'The first key, with all scopes, shown once.',
});
vocabulary.add(CreatedOrganization.shape.looksLike, {
  description: 'The slugs of other organizations that could be taken for this one.',
});

export const ApiKey = z.strictObject({
  id: z.string(),
  name: z.string(),
  scopes: z.array(z.enum(scopes)),
  createdAt: Time,
  expiresAt: Time.nullable(),
  revokedAt: Time.nullable(),
  lastUsedAt: Time.nullable(),
  replacedBy: z.string().nullable(),
});
vocabulary.add(ApiKey, { id: 'ApiKey', description: 'A key without its secret.' });
vocabulary.add(ApiKey.shape.lastUsedAt, { description: 'To the minute.' });
vocabulary.add(ApiKey.shape.replacedBy, {
  description: 'The id of the key that replaced it in a rotation.',
});

export const NewApiKey = ApiKey.extend({ key: z.string().nullable() });
vocabulary.add(NewApiKey, { id: 'NewApiKey' });
vocabulary.add(NewApiKey.shape.key, {
  description:
    'The complete key, shown once, because it is not stored: null when an `Idempotency-Key` replays this answer.',
});

export const Member = z.strictObject({
  id: Id,
  email: z.string(),
  name: z.string().nullable(),
  role: z.enum(roles),
  since: Time,
});
vocabulary.add(Member, { id: 'Member' });

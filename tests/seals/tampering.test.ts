import { DeleteObjectCommand, PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { afterAll, expect, test } from 'vitest';
import { anchorKey } from '#audit/seals/anchor-key.ts';
import type { Fault } from '#audit/seals/verify/fault.ts';
import type { Caller } from '#tests/world.ts';
import { openSealedWorld } from './sealed-world.ts';

/** Whatever somebody who may do everything changes behind a seal is named: what, and in which seal. */

const { world, aws, organization, post, seal, verify, tamper } = openSealedWorld();
const s3 = new S3Client({ region: 'eu-west-1', endpoint: 'http://127.0.0.1:1' });
afterAll(() => s3.destroy());

/** Two seals of six movements each, and two later movements. */
async function sealedTwice() {
  const tenant = await organization();
  const first = await post(tenant, 6);
  await seal(tenant);
  const second = await post(tenant, 6);
  await seal(tenant);
  await post(tenant, 2);
  return { tenant, first, second };
}

async function firstFault(tenant: Caller): Promise<Fault | undefined> {
  const report = await verify(tenant);
  expect(report.ok).toBe(report.faultCount === 0);
  return report.faults[0];
}

/** Its text without an era stays the same. */
const sameDateBc = (column: string) =>
  `(to_char(${column} at time zone 'UTC', 'YYYY-MM-DD HH24:MI:SS.MS') || '+00 BC')::timestamptz`;

const movementColumns: readonly (readonly [string, string])[] = [
  ['quantity', 'quantity + 1'],
  ['item_id', `(select id from items where org_id = $1 and id <> item_id limit 1)`],
  ['location_id', `(select id from locations where org_id = $1 and id <> location_id limit 1)`],
  ['lot', `'X'`],
  ['occurred_at', `occurred_at - interval '1 day'`],
  ['recorded_at', `recorded_at + interval '1 millisecond'`],
  ['occurred_at', sameDateBc('occurred_at')],
];

test.each(movementColumns)('a movement whose %s was altered (%s) is named', async (column, value) => {
  const { tenant, second } = await sealedTwice();
  await tamper(`update movements set ${column} = ${value} where org_id = $1 and entry_id = $2`, [
    tenant.id,
    second[3],
  ]);
  expect(await firstFault(tenant)).toMatchObject({
    kind: 'movement_altered',
    seal: 2,
    movement: `${second[3]}.1`,
  });
});

const entryColumns: readonly (readonly [string, string])[] = [
  ['kind', `'return'`],
  ['reference', `'PO-2'`],
  ['actor', `'key:somebody'`],
  ['metadata', `'{"a": 1}'`],
  ['occurred_at', `occurred_at - interval '400 days'`],
  ['recorded_at', `recorded_at - interval '400 days'`],
  ['recorded_at', sameDateBc('recorded_at')],
];

test.each(entryColumns)(
  'an entry whose %s was altered (%s) is named by its movement',
  async (column, value) => {
    const { tenant, first } = await sealedTwice();
    await tamper(`update entries set ${column} = ${value} where org_id = $1 and id = $2`, [
      tenant.id,
      first[0],
    ]);
    expect(await firstFault(tenant)).toMatchObject({
      kind: 'movement_altered',
      seal: 1,
      movement: `${first[0]}.1`,
    });
  },
);

test('a movement that was deleted is named', async () => {
  const { tenant, first } = await sealedTwice();
  await tamper('delete from movements where org_id = $1 and entry_id = $2', [tenant.id, first[5]]);
  expect(await firstFault(tenant)).toMatchObject({
    kind: 'movement_missing',
    seal: 1,
    movement: `${first[5]}.1`,
  });
});

test('an entry that was deleted and whose movements were not is named', async () => {
  const { tenant, first } = await sealedTwice();
  await tamper('delete from entries where org_id = $1 and id = $2', [tenant.id, first[2]]);
  expect(await firstFault(tenant)).toMatchObject({
    kind: 'movement_altered',
    seal: 1,
    movement: `${first[2]}.1`,
  });
});

test('an entry without movements is named, whether it came after the seal or was sealed', async () => {
  const phantom = (id: string) =>
    `insert into entries select org_id, ${id}, kind, 'PHANTOM', occurred_at, recorded_at, actor, metadata, reverses
     from entries where org_id = $1 and id = $2`;
  const { tenant, first } = await sealedTwice();
  await tamper(
    phantom(
      `(left(id::text, 35) || translate(right(id::text, 1), '0123456789abcdef', '123456789abcdef0'))::uuid`,
    ),
    [tenant.id, first[1]],
  );
  expect(await verify(tenant)).toMatchObject({
    faultCount: 1,
    faults: [{ kind: 'entry_inserted', seal: 1, entry: expect.any(String) }],
  });

  const other = await organization();
  const ids = await post(other, 2);
  await tamper(phantom(`'00000000-0000-7000-8000-000000000000'`), [other.id, ids[0]]);
  expect((await seal(other)).sealed).toMatchObject({ movements: 2, entries: 3 });
  expect((await verify(other)).faults).toMatchObject([{ kind: 'entry_inserted', seal: 1 }]);
  await tamper(`delete from entries where org_id = $1 and reference = 'PHANTOM'`, [other.id]);
  expect((await verify(other)).faults).toMatchObject([{ kind: 'entry_missing', seal: 1 }]);
});

test('a phantom is named beside an entry that was deleted', async () => {
  const { tenant, first } = await sealedTwice();
  await tamper(
    `update entries set id = '00000000-0000-7000-8000-000000000000' where org_id = $1 and id = $2`,
    [tenant.id, first[2]],
  );
  expect((await verify(tenant)).faults.map(({ kind }) => kind)).toEqual([
    'movement_altered',
    'entry_inserted',
  ]);
});

test('a movement that was inserted behind a seal is named, as a line of an entry or with its own', async () => {
  const { tenant, second } = await sealedTwice();
  const copy = `insert into movements (org_id, entry_id, line, item_id, location_id, lot, quantity, occurred_at, recorded_at)
    select org_id, entry_id, 2, item_id, location_id, lot, 5, occurred_at, recorded_at
    from movements where org_id = $1 and entry_id = $2`;
  await tamper(copy, [tenant.id, second[0]]);
  expect(await firstFault(tenant)).toMatchObject({
    kind: 'movement_inserted',
    seal: 2,
    movement: `${second[0]}.2`,
  });
});

test('two wrongs that cancel in the sum are both named', async () => {
  const { tenant, first } = await sealedTwice();
  for (const [entry, change] of [
    [first[0], 7],
    [first[4], -7],
  ]) {
    await tamper('update movements set quantity = quantity + $3 where org_id = $1 and entry_id = $2', [
      tenant.id,
      entry,
      change,
    ]);
  }
  expect((await verify(tenant)).faults.map(({ movement }) => movement)).toEqual([
    `${first[0]}.1`,
    `${first[4]}.1`,
  ]);
});

test('a movement that is not sealed yet is not proven, and the report says how many there are', async () => {
  const { tenant } = await sealedTwice();
  await tamper(
    'update movements set quantity = quantity + 1 where org_id = $1 and entry_id > (select boundary from seals where org_id = $1 order by seq desc limit 1)',
    [tenant.id],
  );
  expect(await verify(tenant)).toMatchObject({ ok: true, unsealed: 2 });
});

const sealColumns: readonly (readonly [string, string])[] = [
  ['entries', 'entries + 1'],
  ['sealed_at', sameDateBc('sealed_at')],
  ['movements', 'movements + 1'],
  ['sealed_at', `sealed_at - interval '1 day'`],
  ['settled_through', 'null'],
  ['recorded_through', `recorded_through - interval '1 day'`],
  ['merkle_root', `sha256('x')`],
  ['closing_digest', `sha256('x')`],
  ['previous_hash', `sha256('x')`],
  ['hash', `sha256('x')`],
  ['boundary', '(select id from entries where org_id = $1 order by id limit 1 offset 7)'],
];

test.each(sealColumns)('a seal whose %s was altered (%s) is named', async (column, value) => {
  const { tenant } = await sealedTwice();
  await tamper(`update seals set ${column} = ${value} where org_id = $1 and seq = 2`, [tenant.id]);
  expect(await firstFault(tenant)).toMatchObject({ kind: 'seal_altered', seal: 2 });
});

test('a seal that was altered and hashed again breaks the chain, and differs from its anchor', async () => {
  const { tenant } = await sealedTwice();
  const rehash = (seq: number) =>
    tamper(
      `update seals s set hash = sha256(convert_to(seal_header(s), 'UTF8')) where org_id = $1 and seq = ${seq}`,
      [tenant.id],
    );
  await tamper(`update seals set sealed_at = sealed_at - interval '1 day' where org_id = $1 and seq = 1`, [
    tenant.id,
  ]);
  await rehash(1);
  const kinds = (await verify(tenant)).faults.map(({ kind, seal }) => [kind, seal]);
  expect(kinds).toEqual([
    ['anchor_differs', 1],
    ['chain_broken', 2],
  ]);
  // Chained again to the end: only the anchors outside the database still show it.
  await tamper(
    `update seals set previous_hash = (select hash from seals where org_id = $1 and seq = 1) where org_id = $1 and seq = 2`,
    [tenant.id],
  );
  await rehash(2);
  expect((await verify(tenant)).faults.map(({ kind, seal }) => [kind, seal])).toEqual([
    ['anchor_differs', 1],
    ['anchor_differs', 2],
  ]);
});

test('a history that was altered and sealed again from its beginning differs from the anchors', async () => {
  const { tenant, first } = await sealedTwice();
  await tamper('update movements set quantity = quantity + 1 where org_id = $1 and entry_id = $2', [
    tenant.id,
    first[0],
  ]);
  for (const table of ['seal_anchors', 'seal_closings', 'seal_pages', 'seals']) {
    await tamper(`delete from ${table} where org_id = $1`, [tenant.id]);
  }
  const again = await seal(tenant);
  expect(again.anchoring).toMatchObject({ anchored: 0, failure: { code: 'conflict' } });
  expect(await firstFault(tenant)).toMatchObject({ kind: 'anchor_differs', seal: 1 });
});

test('a seal that was altered before it was anchored is not anchored', async () => {
  const tenant = await organization();
  await post(tenant, 2);
  const endFault = aws.local.s3.faults.inject('down');
  await seal(tenant);
  endFault();
  await tamper(`update seals set merkle_root = sha256('another') where org_id = $1`, [tenant.id]);
  const again = await seal(tenant);
  expect(again.anchoring).toMatchObject({
    anchored: 0,
    failure: { code: 'altered', message: expect.stringContaining('the hash of seal 1') },
  });
  expect(aws.evidenceKeys().filter((key) => key.includes(tenant.id))).toEqual([]);
});

test('a seal that was removed is named: from the middle, the beginning and the end', async () => {
  for (const [seq, kind] of [
    [1, 'seal_missing'],
    [2, 'seal_missing'],
  ] as const) {
    const { tenant } = await sealedTwice();
    for (const table of ['seal_anchors', 'seal_closings', 'seal_pages', 'seals']) {
      await tamper(`delete from ${table} where org_id = $1 and seq = $2`, [tenant.id, seq]);
    }
    expect(await firstFault(tenant)).toMatchObject({ kind, seal: seq });
  }
});

const closingColumns: readonly (readonly [string, string])[] = [
  ['on_hand', 'on_hand + 1'],
  ['version', 'version + 1'],
];

test.each(closingColumns)(
  'a closing balance whose %s was altered is named by its key',
  async (column, value) => {
    const { tenant } = await sealedTwice();
    const { rows } = await (await world.superuser()).query(
      'select item_id, location_id, lot from inventory.seal_closings where org_id = $1 and seq = 1 limit 1',
      [tenant.id],
    );
    const { item_id, location_id } = rows[0];
    await tamper(
      `update seal_closings set ${column} = ${value} where org_id = $1 and seq = 1 and item_id = $2 and location_id = $3`,
      [tenant.id, item_id, location_id],
    );
    expect(await firstFault(tenant)).toMatchObject({
      kind: 'closing_altered',
      seal: 1,
      key: { itemId: item_id, locationId: location_id, lot: '' },
    });
  },
);

test('a closing balance that was removed or added is named', async () => {
  const { tenant } = await sealedTwice();
  await tamper(
    'delete from seal_closings where org_id = $1 and seq = 2 and ctid in (select ctid from seal_closings where org_id = $1 and seq = 2 limit 1)',
    [tenant.id],
  );
  expect(await firstFault(tenant)).toMatchObject({ kind: 'closing_missing', seal: 2 });
  const other = await sealedTwice();
  await tamper(
    `insert into seal_closings (org_id, item_id, location_id, lot, seq, on_hand, version)
     select org_id, item_id, location_id, 'X', seq, on_hand, version from seal_closings where org_id = $1 and seq = 1 limit 1`,
    [other.tenant.id],
  );
  expect(await firstFault(other.tenant)).toMatchObject({
    kind: 'closing_inserted',
    seal: 1,
    key: { lot: 'X' },
  });
});

test('a page that was altered or removed is named by its seal, also when its own root was made to fit', async () => {
  const one = await sealedTwice();
  await tamper(`update seal_pages set root = sha256('x') where org_id = $1 and seq = 1`, [one.tenant.id]);
  expect(await firstFault(one.tenant)).toMatchObject({ kind: 'page_altered', seal: 1 });

  // The movement, its leaf and the root of its page agree with each other, and not with the seal.
  const two = await sealedTwice();
  await tamper('update movements set quantity = quantity + 1 where org_id = $1 and entry_id = $2', [
    two.tenant.id,
    two.first[0],
  ]);
  await tamper(
    `update seal_pages p
     set leaves = l.leaves,
         root = merkle_level(merkle_level(merkle_level(l.leaves, 52, 20), 32, 0), 32, 0)
     from seals s, seal_leaves(s.org_id, '00000000-0000-0000-0000-000000000000', s.boundary) l
     where p.org_id = $1 and p.seq = 1 and s.org_id = p.org_id and s.seq = p.seq`,
    [two.tenant.id],
  );
  expect((await verify(two.tenant)).faults).toMatchObject([{ kind: 'page_altered', seal: 1 }]);

  const three = await sealedTwice();
  await tamper('delete from seal_pages where org_id = $1 and seq = 2', [three.tenant.id]);
  expect((await verify(three.tenant)).ok).toBe(false);
});

test('a boundary that was taken back is named', async () => {
  const { tenant, first } = await sealedTwice();
  await tamper('update seal_boundaries set boundary = $2 where org_id = $1', [tenant.id, first[0]]);
  expect(await firstFault(tenant)).toMatchObject({ kind: 'boundary_altered', seal: 2 });
});

test('an anchor that is gone is named, and one that was replaced or hidden is still there', async () => {
  const { tenant } = await sealedTwice();
  const client = new S3Client();
  const object = { Bucket: process.env.STOCKADE_EVIDENCE_BUCKET, Key: anchorKey(tenant.id, 1) };
  await client.send(new PutObjectCommand({ ...object, Body: '{}' }));
  await client.send(new DeleteObjectCommand(object));
  client.destroy();
  expect(await verify(tenant)).toMatchObject({ ok: true, anchors: { compared: 2 } });

  await aws.local.s3.lose(object.Bucket ?? '', object.Key);
  expect(await firstFault(tenant)).toMatchObject({ kind: 'anchor_missing', seal: 1 });
});

test('anchors that cannot be read are no proof', async () => {
  const { tenant } = await sealedTwice();
  const bucket = process.env.STOCKADE_EVIDENCE_BUCKET;
  delete process.env.STOCKADE_EVIDENCE_BUCKET;
  const unset = await verify(tenant);
  process.env.STOCKADE_EVIDENCE_BUCKET = bucket;
  expect(unset).toMatchObject({ ok: false, faultCount: 0, anchors: { status: 'could not run' } });
  expect(await verify(tenant)).toMatchObject({ ok: true });
});

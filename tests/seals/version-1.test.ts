import { expect, test } from 'vitest';
import { checkSeals } from '#audit/reconciliation/seal-check.ts';
import { parseProof, proofAnswer } from '#scripts/ledger/proof-file.ts';
import type { Caller } from '#tests/world.ts';
import { openSealedWorld } from './sealed-world.ts';
import { openVersion1 } from './version-1.ts';

/** Chains that begin with seals of version 1 and go on in version 2. */

const sealed = openSealedWorld();
const { organization, post, seal, verify, tamper } = sealed;
const version1 = openVersion1(sealed);

/** Two seals of version 1 over two entries each, then one of version 2. */
async function chain() {
  const tenant = await organization();
  const first = await post(tenant, 2);
  await version1.seal(tenant);
  const second = await post(tenant, 2);
  await version1.seal(tenant);
  const third = await post(tenant, 2);
  await seal(tenant);
  return { tenant, first, second, third };
}

const kinds = async (tenant: Caller) => (await verify(tenant)).faults.map(({ kind, seal }) => [kind, seal]);

test('seals of version 1 are verified with their anchors, and the report lists what they do not cover', async () => {
  const { tenant } = await chain();
  expect(await verify(tenant)).toEqual({
    ok: true,
    seals: 3,
    movements: 6,
    unsealed: 0,
    anchors: { status: 'compared', compared: 3, unanchored: 0 },
    olderSeals: [
      {
        version: 1,
        seals: 2,
        throughSeal: 2,
        notCovered: [
          expect.stringContaining('the times of an entry'),
          expect.stringContaining('the number of entries'),
        ],
      },
    ],
    faultCount: 0,
    faults: [],
  });
  expect(await checkSeals(await sealed.world.connect('stockade_jobs'), tenant.id)).toEqual([]);
});

test('a proof in a seal of version 1 leaves out what the seal does not cover, and holds', async () => {
  const { tenant, second } = await chain();
  const { body } = await tenant.request('GET', `/v1/movements/${second[0]}.1/proof`);
  expect(body).toMatchObject({
    format: 'stockade proof 2',
    movement: { entryOccurredAt: null, entryRecordedAt: null },
    seal: { version: 1, seq: 2, entries: null },
    chain: [],
  });
  expect(proofAnswer(parseProof('proof.json', JSON.stringify(body)))).toMatchObject({
    failed: false,
    json: { ok: true, seal: { version: 1 }, olderSeals: [{ version: 1, throughSeal: 2 }] },
    text: expect.stringContaining('Seal 2 has version 1, which does not cover:'),
  });
});

/** Its text without an era stays the same. */
const sameDateBc = (column: string) =>
  `(to_char(${column} at time zone 'UTC', 'YYYY-MM-DD HH24:MI:SS.MS') || '+00 BC')::timestamptz`;

const covered: readonly (readonly [table: string, column: string, value: string])[] = [
  ['movements', 'quantity', 'quantity + 1'],
  ['movements', 'item_id', '(select id from items where org_id = $1 and id <> item_id limit 1)'],
  ['movements', 'location_id', '(select id from locations where org_id = $1 and id <> location_id limit 1)'],
  ['movements', 'lot', `'X'`],
  ['movements', 'occurred_at', `occurred_at - interval '1 day'`],
  ['movements', 'occurred_at', sameDateBc('occurred_at')],
  ['movements', 'recorded_at', `recorded_at + interval '1 millisecond'`],
  ['entries', 'kind', `'return'`],
  ['entries', 'reference', `'PO-2'`],
  ['entries', 'actor', `'key:somebody'`],
  ['entries', 'metadata', `'{"a": 1}'`],
];

test('every column that version 1 covers is compared', async () => {
  const tenant = await organization();
  const entries = await post(tenant, covered.length);
  await version1.seal(tenant);
  const changes = covered.map(
    ([table, column, value], index) =>
      `update ${table} set ${column} = ${value.replace('$1', `'${tenant.id}'`)}
       where org_id = '${tenant.id}' and ${table === 'entries' ? 'id' : 'entry_id'} = '${entries[index]}'`,
  );
  await tamper(changes.join(';'));
  const { faults } = await verify(tenant);
  expect(faults.map(({ kind, movement }) => [kind, movement])).toEqual(
    entries.map((entry) => ['movement_altered', `${entry}.1`]),
  );
});

test('a removed movement, and an altered closing balance, page or header of version 1, is named', async () => {
  const { tenant, first } = await chain();
  await tamper(`
    delete from movements where org_id = '${tenant.id}' and entry_id = '${first[0]}';
    update seal_closings set on_hand = on_hand + 1 where org_id = '${tenant.id}' and seq = 2;
    update seal_pages set root = sha256('x') where org_id = '${tenant.id}' and seq = 2;
    update seals set sealed_at = sealed_at - interval '1 day' where org_id = '${tenant.id}' and seq = 1;
    update seals set sealed_at = ${sameDateBc('sealed_at')} where org_id = '${tenant.id}' and seq = 2`);
  expect(await kinds(tenant)).toEqual(
    expect.arrayContaining([
      ['seal_altered', 1],
      ['movement_missing', 1],
      ['anchor_differs', 1],
      ['seal_altered', 2],
      ['page_altered', 2],
      ['closing_altered', 2],
    ]),
  );
});

test('the times of an entry are not covered by version 1, and are by the seal of version 2 after it', async () => {
  const { tenant, second, third } = await chain();
  const earlier = (id = '') =>
    tamper(`update entries set recorded_at = recorded_at - interval '1 day' where org_id = $1 and id = $2`, [
      tenant.id,
      id,
    ]);
  await earlier(second[0]);
  expect(await kinds(tenant)).toEqual([]);
  await earlier(third[0]);
  expect(await kinds(tenant)).toEqual([['movement_altered', 3]]);
});

test('an entry without movements is named in a seal of version 1 too', async () => {
  const { tenant, first } = await chain();
  await tamper(
    `insert into entries select org_id, '00000000-0000-7000-8000-000000000000', kind, reference, occurred_at, recorded_at, actor, metadata, reverses
     from entries where org_id = $1 and id = $2`,
    [tenant.id, first[0]],
  );
  expect(await kinds(tenant)).toEqual([['entry_inserted', 1]]);
});

test('a lot with a line feed, whose leaf could be that of another movement, has no leaf', async () => {
  const tenant = await organization();
  const [entry] = await post(tenant, 1);
  // The reference contains the lines that follow it in the forged movement.
  const reference = ['PO-1', '', '9', 'PO-FORGED', '9', 'user:boss', '{"approved": true}'].join('\n');
  await tamper('update entries set reference = $3 where org_id = $1 and id = $2', [
    tenant.id,
    entry,
    reference,
  ]);
  await version1.seal(tenant);
  expect(await kinds(tenant)).toEqual([]);
  await tamper('update movements set lot = $3 where org_id = $1 and entry_id = $2', [
    tenant.id,
    entry,
    `\n\n${reference.length}\nPO-1`,
  ]);
  expect((await kinds(tenant))[0]).toEqual(['movement_altered', 1]);
});

/** Gives a seal the hash that its fields have, in the version that it says. */
const rehash = (tenant: Caller, seq: number) =>
  tamper(
    `update seals s set hash = sha256(convert_to(seal_header(s), 'UTF8')) where org_id = $1 and seq = $2`,
    [tenant.id, seq],
  );

test('version 1 after version 2 is refused, by the daily check too', async () => {
  const { tenant } = await chain();
  await post(tenant, 2);
  await version1.seal(tenant);
  expect((await verify(tenant)).faults).toEqual([
    {
      kind: 'seal_version',
      seal: 4,
      message:
        'seal 4 has version 1, but seal 3 before it has version 2: nobody seals in an older version again',
    },
  ]);
  expect(await checkSeals(await sealed.world.connect('stockade_jobs'), tenant.id)).toMatchObject([
    { cause: 'seal_altered', detail: { seal: 4, message: expect.stringContaining('older version') } },
  ]);
});

test('a seal that claims another version is refused, also with a hash that fits', async () => {
  const { tenant } = await chain();
  const claim = (seq: number, version: number, entries: string) =>
    tamper(`update seals set version = ${version}, entries = ${entries} where org_id = $1 and seq = ${seq}`, [
      tenant.id,
    ]);
  await claim(3, 1, 'null');
  expect((await kinds(tenant))[0]).toEqual(['seal_altered', 3]);
  await rehash(tenant, 3);
  expect(await kinds(tenant)).toEqual([
    ['movement_altered', 3],
    ['movement_altered', 3],
    ['anchor_differs', 3],
  ]);
  await claim(1, 2, '2');
  await rehash(tenant, 1);
  expect(await kinds(tenant)).toEqual(
    expect.arrayContaining([
      ['movement_altered', 1],
      ['anchor_differs', 1],
      ['seal_version', 2],
    ]),
  );
  await claim(2, 3, '2');
  expect((await verify(tenant)).faults).toContainEqual({
    kind: 'seal_version',
    seal: 2,
    message: 'seal 2 has version 3, which does not exist: there are versions 1 and 2',
  });
});

import { randomUUID } from 'node:crypto';
import type { Client } from 'pg';
import { beforeAll, describe, expect, test } from 'vitest';
import { passKey } from '#platform/config.ts';
import { parseApiKey } from '#tenancy/credentials/api-keys.ts';
import { mintPass } from '#tenancy/credentials/passes.ts';
import { asAdopted } from '#tests/prove/isolation/adopted.ts';
import { type Caller, openWorld } from '#tests/world.ts';
import { asOrganization, refusalOf } from './posting-session.ts';

const world = openWorld();
let acme: Caller;
let reader: Caller;
let api: Client;

beforeAll(async () => {
  acme = await world.createOrganization();
  await acme.item('BOLT', { allowNegative: true });
  await acme.location('MAIN');
  const { body } = await acme.request('POST', '/v1/api-keys', { name: 'reader', scopes: ['read'] });
  reader = { ...acme, apiKey: body.key };
  api = await world.connect('stockade_api');
  // What a posting has written is looked at in its own transaction.
  await (await world.superuser()).query(asAdopted);
});

const line = { sku: 'BOLT', location: 'MAIN', quantity: 1 };
const post = (entry: unknown) =>
  api.query('select inventory.post_entry($1) as answer', [JSON.stringify(entry)]);

describe('who may post', () => {
  const entry = { kind: 'receipt', lines: [line] };
  const reverse = (id: string) => api.query('select inventory.reverse_entry($1, null, null)', [id]);
  const noScope = {
    code: 'SK104',
    message: 'this credential does not carry the scope write',
    detail: { scope: 'write' },
  };

  test('a key that may only read posts and reverses nothing', async () => {
    expect(await asOrganization(api, reader, 'read', () => refusalOf(api, () => post(entry)))).toEqual(
      noScope,
    );
    const undone = () =>
      asOrganization(api, reader, 'read', () => refusalOf(api, () => reverse(randomUUID())));
    expect(await undone()).toEqual(noScope);
  });

  test('nobody who has not entered an organization', async () => {
    await api.query('begin');
    const nobody = { code: 'SK902', message: 'no organization was entered in this transaction' };
    expect(await refusalOf(api, () => post(entry))).toEqual(nobody);
    expect(await refusalOf(api, () => reverse(randomUUID()))).toEqual(nobody);
    await api.query('rollback');
  });

  test.each([
    `inventory.raise_line_errors('[]')`,
    `inventory.raise_stale_balances(null, '{}', '{}', '{}', '{}', '{}', '{}')`,
    `inventory.post_entries_together(null, '', '[]')`,
    `inventory.hold_batch_balances(null, '[]')`,
    `inventory.insert_entry(null, '', '', null, null, null, null, '{}', '{}', '{}', '{}', '{}', '{}', '{}')`,
  ])('%s is no way around it', async (call) => {
    const refused = await asOrganization(api, acme, 'write', () =>
      refusalOf(api, () => api.query(`select ${call}`)),
    );
    expect(refused).toMatchObject({ code: '42501' });
  });
});

describe('a transaction that was entered', () => {
  const email = 'ada@example.com';
  const byKey = (selectors: string[], ...readOnly: boolean[]) => {
    const key = parseApiKey(acme.apiKey, 'test');
    return api.query(`call tenancy.enter_with_key($1, $2, 'write', $3${readOnly.length ? ', $4' : ''})`, [
      key?.keyId,
      key?.secretDigest,
      selectors,
      ...readOnly,
    ]);
  };
  const byPass = (...readOnly: boolean[]) =>
    api.query(`call tenancy.enter_with_pass($1, 'write', '{}'${readOnly.length ? ', $2' : ''})`, [
      mintPass(email, passKey()),
      ...readOnly,
    ]);
  const ways: [name: string, enter: (...readOnly: boolean[]) => Promise<unknown>][] = [
    ['with a key', (...readOnly) => byKey([], ...readOnly)],
    ['with a key and a selector in capitals', (...readOnly) => byKey([acme.id.toUpperCase()], ...readOnly)],
    ['with a user', byPass],
    [
      'with a key and a user',
      async (...readOnly) => {
        await byKey([], ...readOnly);
        await byPass(...readOnly);
      },
    ],
  ];

  beforeAll(() => world.join(email, acme));

  test.each(ways)('%s to read only posts nothing, and one to write does', async (_, enter) => {
    for (const [readOnly, refused] of [
      [[true], { code: '25006' }],
      [[false], undefined],
      [[], undefined],
    ] as const) {
      await api.query('begin');
      await enter(...readOnly);
      const refusal = await refusalOf(api, () => post({ kind: 'receipt', lines: [line] }));
      await api.query('rollback');
      if (refused) expect(refusal).toMatchObject(refused);
      else expect(refusal).toBeUndefined();
    }
  });
});

describe('reverse_entry', () => {
  const reverse = async (id: string) =>
    (await api.query(`select inventory.reverse_entry($1, 'R', '{"a": 1}') as answer`, [id])).rows[0].answer;

  test('refuses what is not there, what is a reversal, and what is reversed', async () => {
    await asOrganization(api, acme, 'write', async () => {
      const missing = randomUUID();
      expect(await refusalOf(api, () => reverse(missing))).toEqual({
        code: 'SK404',
        message: `there is no entry ${missing}`,
      });
      const { entryId } = (await post({ kind: 'receipt', lines: [line] })).rows[0].answer;
      const reversal = await reverse(entryId);
      expect(reversal).toMatchObject({ kind: 'reversal', reference: 'R', reverses: entryId });
      expect(await refusalOf(api, () => reverse(reversal.entryId))).toEqual({
        code: 'SK204',
        message: 'a reversal cannot be reversed: post the entry again',
      });
      expect(await refusalOf(api, () => reverse(entryId))).toEqual({
        code: 'SK203',
        message: `the entry ${entryId} is already reversed`,
      });
      const { rows } = await api.query('select metadata from inventory.entries where id = $1', [
        reversal.entryId,
      ]);
      expect(rows).toEqual([{ metadata: { a: 1 } }]);
    });
  });

  test('hides no other violation of a unique constraint behind "already reversed"', async () => {
    const { body } = await acme.post('receipt', line);
    const superuser = await world.superuser();
    await superuser.query('begin');
    await superuser.query('select tenancy.enter_as_job($1)', [acme.id]);
    await superuser.query(
      `create unique index one_reversal on inventory.entries (org_id, kind) where kind = 'reversal'`,
    );
    const { rows } = await superuser.query('select inventory.post_entry($1) as answer', [
      JSON.stringify({ kind: 'receipt', lines: [line] }),
    ]);
    await superuser.query('select inventory.reverse_entry($1, null, null)', [body.entryId]);
    expect(
      await refusalOf(superuser, () =>
        superuser.query('select inventory.reverse_entry($1, null, null)', [rows[0].answer.entryId]),
      ),
    ).toMatchObject({ code: '23505', constraint: 'one_reversal' });
    await superuser.query('rollback');
  });
});

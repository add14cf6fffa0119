import { beforeAll, describe, expect, test } from 'vitest';
import { type Seal, sealHash } from '#audit/seals/seal.ts';
import { openSealedWorld } from '#tests/seals/sealed-world.ts';
import type { Caller } from '#tests/world.ts';
import { expectProblem } from './problem-document.ts';
import { cursorOf, wrongCursor, wrongField } from './refusals.ts';

const sealed = openSealedWorld();
const { organization, post, seal } = sealed;
let acme: Caller;
let globex: Caller;
let entries: string[];

beforeAll(async () => {
  [acme, globex] = [await organization(), await organization()];
  entries = await post(acme, 3);
  await seal(acme, { mostMovements: 1 });
});

const hex = expect.stringMatching(/^[0-9a-f]{64}$/);
const instant = expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
const list = (query = '') => acme.request('GET', `/v1/seals${query}`);
const seqs = (data: readonly Seal[]) => data.map(({ seq }) => seq);

describe('GET /v1/seals', () => {
  test('shows every seal whole, the newest first, chained by its hash to the one before', async () => {
    const { status, body } = await list();
    expect(status).toBe(200);
    expect(body).toEqual({
      data: [3, 2, 1].map((seq) => ({
        version: 2,
        seq,
        hash: hex,
        previousHash: seq === 1 ? '0'.repeat(64) : body.data[4 - seq].hash,
        afterEntry: seq === 1 ? null : body.data[4 - seq].boundary,
        boundary: entries[seq - 1],
        movements: 1,
        entries: 1,
        merkleRoot: hex,
        closings: 1,
        closingDigest: hex,
        recordedThrough: instant,
        settledThrough: body.data[3 - seq].settledThrough,
        sealedAt: instant,
        anchor: {
          key: `seals/${acme.id}/00000000000${seq}.json`,
          versionId: expect.any(String),
          anchoredAt: instant,
        },
      })),
      nextCursor: null,
    });
    for (const { anchor: _, ...shown } of body.data) expect(sealHash(acme.id, shown)).toBe(shown.hash);
  });

  test('is paged by the number of the seal', async () => {
    const part = await list('?limit=2');
    expect([seqs(part.body.data), part.body.nextCursor]).toEqual([[3, 2], cursorOf('2')]);
    const rest = await list(`?limit=1&cursor=${cursorOf('2')}`);
    expect([seqs(rest.body.data), rest.body.nextCursor]).toEqual([[1], null]);
    const whole = await list('?limit=3');
    expect([seqs(whole.body.data), whole.body.nextCursor]).toEqual([[3, 2, 1], null]);
    expect((await list(`?cursor=${cursorOf('1')}`)).body).toEqual({ data: [], nextCursor: null });
    const after = await list(`?limit=200&cursor=${cursorOf('9'.repeat(15))}`);
    expect(seqs(after.body.data)).toEqual([3, 2, 1]);
  });

  test('shows nobody the seals of another', async () => {
    expect((await globex.request('GET', '/v1/seals')).body).toEqual({ data: [], nextCursor: null });
  });

  test.each([
    ['limit=0', wrongField('limit', 'must be at least 1')],
    ['limit=201', wrongField('limit', 'must be at most 200')],
    [`cursor=${cursorOf('9'.repeat(16))}`, wrongCursor],
    [`cursor=${cursorOf('-1')}`, wrongCursor],
    [`cursor=${cursorOf('')}`, wrongCursor],
    [`cursor=${cursorOf(1)}`, wrongCursor],
    ['seq=1', wrongField('seq', 'is not a field here: check its spelling or leave it out')],
  ])('refuses ?%s', async (query, refusal) => {
    expectProblem(await list(`?${query}`), refusal);
  });
});

describe('GET /v1/movements/{id}/proof', () => {
  const prove = (id: string, caller = acme) => caller.request('GET', `/v1/movements/${id}/proof`);

  test('answers the movement as it is, its place in its seal, and where that is written down', async () => {
    const { status, body } = await prove(`${entries[1]}.1`);
    const { anchor, ...second } = (await list()).body.data[1];
    const { rows } = await sealed.superuser.query(
      'select item_id, location_id, occurred_at, recorded_at from inventory.movements where org_id = $1 and entry_id = $2',
      [acme.id, entries[1]],
    );
    const [{ item_id, location_id, occurred_at, recorded_at }] = rows;
    expect([status, body]).toEqual([
      200,
      {
        format: 'stockade proof 2',
        organizationId: acme.id,
        movement: {
          entryId: entries[1],
          line: 1,
          itemId: item_id,
          locationId: location_id,
          quantity: '1.1000',
          lot: '',
          occurredAt: occurred_at.toISOString(),
          recordedAt: recorded_at.toISOString(),
          entryOccurredAt: occurred_at.toISOString(),
          entryRecordedAt: recorded_at.toISOString(),
          kind: 'receipt',
          reference: null,
          actor: `key:${acme.apiKey.split('_')[2]}`,
          reverses: null,
          metadata: '{}',
        },
        leaf: { index: 0, size: 1 },
        path: [],
        seal: second,
        chain: [],
        anchor,
      },
    ]);
    expect((await prove(`${entries[1]?.toUpperCase()}.1`)).body).toEqual(body);
  });

  test('says which leaf of several it is, with a hash of every level', async () => {
    const other = await organization();
    const ids = await post(other, 3);
    await seal(other);
    const proofs = await Promise.all(ids.map((id) => prove(`${id}.1`, other)));
    expect(proofs.map(({ body }) => [body.leaf, body.path])).toEqual([
      [{ index: 0, size: 3 }, [hex, hex]],
      [{ index: 1, size: 3 }, [hex, hex]],
      [{ index: 2, size: 3 }, [hex]],
    ]);
    const [first, second, third] = proofs.map(({ body }) => body.path);
    expect([first[1], third[0]]).toEqual([second[1], expect.not.stringMatching(first[1])]);
  });

  test("is refused of what is not sealed, is nobody's or another's, or is no id", async () => {
    const other = await organization();
    const [unsealed] = await post(other, 1);
    expectProblem(await prove(`${unsealed}.1`, other), {
      status: 409,
      code: 'not_sealed',
      detail:
        'The movement is not sealed yet: try again when GET /v1/seals shows a seal with a later boundary.',
    });
    for (const id of [`${entries[0]}.2`, `${unsealed}.1`]) {
      expectProblem(await prove(id), {
        status: 404,
        code: 'not_found',
        detail: `There is no movement ${id}.`,
      });
    }
    for (const id of [
      entries[0] ?? '',
      `${entries[0]}.0`,
      `${entries[0]}.01`,
      `${entries[0]}.${'1'.repeat(10)}`,
      'x.1',
    ])
      expectProblem(await prove(id), wrongField('id', 'must be the id of a movement: <entry>.<line>'));
  });
});

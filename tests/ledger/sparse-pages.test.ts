import { beforeAll, describe, expect, test } from 'vitest';
import { type Caller, openWorld } from '#tests/world.ts';

const world = openWorld();
let acme: Caller;

/** More than a page looks at. */
const many = 520;

beforeAll(async () => {
  acme = await world.createOrganization();
  for (const code of ['MAIN', 'SHOP', 'YARD']) await acme.location(code);
  await (await world.superuser()).query(
    `insert into inventory.items (org_id, sku, name, allow_negative)
     select $1, code || lpad(n::text, 4, '0'), 'x', true from unnest('{A,S}'::text[]) code, generate_series(1, $2::int) n`,
    [acme.id, many],
  );
  const jobs = await world.connect('stockade_jobs');
  await jobs.query('begin');
  await jobs.query('select tenancy.enter_as_job($1)', [acme.id]);
  // A line of each item with stock, in one entry.
  const post = (kind: string, location: string, quantity: number, times = 1, items = many) =>
    jobs.query(
      `select inventory.post_entry(jsonb_build_object('kind', $1::text, 'lines', (
         select jsonb_agg(jsonb_build_object(
           'sku', 'S' || lpad(n::text, 4, '0'), 'location', $2::text, 'quantity', $3::numeric
         ))
         from generate_series(1, $5::int) n
       )))
       from generate_series(1, $4::int)`,
      [kind, location, quantity, times, items],
    );
  await post('opening', 'MAIN', 1, 1, 1);
  await post('receipt', 'MAIN', 2, 1, 1);
  await post('receipt', 'SHOP', 3, many, 1);
  await post('issue', 'MAIN', -1);
  await jobs.query('commit');
});

interface Part {
  readonly data: readonly { readonly sku: string; readonly quantity: number }[];
  readonly nextCursor: string | null;
}

async function partsOf(path: string): Promise<Part[]> {
  const parts: Part[] = [];
  for (let cursor: string | null = ''; cursor !== null; cursor = parts.at(-1)?.nextCursor ?? null) {
    const { status, body } = await acme.request('GET', cursor ? `${path}&cursor=${cursor}` : path);
    expect(status).toBe(200);
    parts.push(body);
  }
  return parts;
}

const sizesOf = (parts: readonly Part[]) => parts.map(({ data }) => data.length);

describe('the movements of a kind, of an item or at a location, where the newest are of another kind', () => {
  test.each(['location=MAIN', 'sku=S0001', 'sku=S0001&location=MAIN'])(
    'a rare kind is found at once, and the list is complete: %s',
    async (filter) => {
      const parts = await partsOf(`/v1/movements?kind=opening&${filter}`);
      expect(parts.map(({ data }) => data.map(({ quantity }) => quantity))).toEqual([[1]]);
    },
  );

  test('a kind that is frequent elsewhere is found part by part, and nothing is left out', async () => {
    const parts = await partsOf('/v1/movements?kind=receipt&location=MAIN');
    expect(sizesOf(parts)).toEqual([0, 1]);
    expect(parts.flatMap(({ data }) => data)).toMatchObject([{ sku: 'S0001', quantity: 2 }]);
  });

  test('a frequent kind fills each page', async () => {
    expect(sizesOf(await partsOf('/v1/movements?kind=issue&location=MAIN&limit=200'))).toEqual([
      200, 200, 120,
    ]);
    expect(sizesOf(await partsOf('/v1/movements?kind=receipt&sku=S0001&limit=200'))).toEqual([200, 200, 121]);
  });
});

describe('the balances, where the first items have none', () => {
  test('a place with few balances has them at once', async () => {
    const parts = await partsOf('/v1/balances?location=SHOP');
    expect(parts.map(({ data }) => data.map(({ sku }) => sku))).toEqual([['S0001']]);
    expect(sizesOf(await partsOf('/v1/balances?location=YARD'))).toEqual([0]);
  });

  test.each(['location=MAIN', 'lot=', 'location=MAIN&lot='])(
    'those of many items are found part by part, in their order, and nothing is left out: %s',
    async (filter) => {
      const parts = await partsOf(`/v1/balances?limit=200&${filter}`);
      const skus = parts.flatMap(({ data }) => data.map(({ sku }) => sku));
      const places = filter.includes('location') ? 1 : 2;
      expect(parts[0]?.data).toEqual([]);
      expect(skus).toHaveLength(many + places - 1);
      expect(skus).toEqual(skus.toSorted());
      expect(new Set(skus).size).toBe(many);
    },
  );

  test('those of the past are found as those of today are', async () => {
    const asOf = new Date().toISOString();
    const past = await partsOf(`/v1/balances?location=MAIN&limit=200&asOf=${asOf}`);
    const today = await partsOf('/v1/balances?location=MAIN&limit=200');
    expect(sizesOf(past)).toEqual(sizesOf(today));
  });
});

import type pg from 'pg';
import { afterAll, beforeAll, describe } from 'vitest';
import { tenantPool } from '#tenancy/adapters/tenant-pool.ts';
import type { AdaptedShop } from './adapted-shop.ts';
import { testInjections } from './contract/injections.ts';
import { testIsolation } from './contract/isolation.ts';
import { testRefusals } from './contract/refusals.ts';
import { testTransactions } from './contract/transactions.ts';
import type { Library } from './library.ts';
import { openShop, type ShopOrganization } from './shop.ts';

/** Tests that an adapter keeps what inTenant() promises. Call it at the top of a test file, and add tests of the library's own. */
export function testAdapter(library: Library): AdaptedShop {
  const shop = openShop();
  const closing: (() => Promise<void>)[] = [];
  let acme: ShopOrganization;
  let globex: ShopOrganization;
  let opened: ReturnType<AdaptedShop['open']>;

  function open(options?: pg.PoolConfig) {
    const pool = new library.Pool({ connectionString: shop.url, max: 4, ...options });
    // The end of the file terminates what is left.
    pool.on('error', () => {});
    const client = library.open(tenantPool(pool));
    closing.push(async () => {
      await client.close();
      await pool.end();
    });
    return { ...client, pool };
  }

  beforeAll(async () => {
    // One after the other: both are transactions on one connection.
    acme = await shop.organization('acme');
    globex = await shop.organization('globex');
    opened = open();
  });

  afterAll(async () => {
    await Promise.all(closing.map((close) => close()));
  });

  const adapted: AdaptedShop = {
    shop,
    library,
    open,
    get acme() {
      return acme;
    },
    get globex() {
      return globex;
    },
    get opened() {
      return opened;
    },
  };
  describe('isolation', () => testIsolation(adapted));
  describe('transactions', () => testTransactions(adapted));
  describe('refusals', () => testRefusals(adapted));
  describe('injection', () => testInjections(adapted));
  return adapted;
}

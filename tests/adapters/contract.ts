import type pg from 'pg';
import { afterAll, beforeAll, describe } from 'vitest';
import { tenantPool } from '#tenancy/adapters/tenant-pool.ts';
import type { AdaptedShop } from './adapted-shop.ts';
import { proveInjections } from './contract/injections.ts';
import { proveIsolation } from './contract/isolation.ts';
import { proveRefusals } from './contract/refusals.ts';
import { proveTransactions } from './contract/transactions.ts';
import type { Library } from './library.ts';
import { openShop, type ShopOrganization } from './shop.ts';

/** Proves that an adapter keeps what inTenant() promises. Call it at the top of a test file, and add tests of the library's own. */
export function proveAdapter(library: Library): AdaptedShop {
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
    [acme, globex] = await Promise.all([shop.organization('acme'), shop.organization('globex')]);
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
  describe('isolation', () => proveIsolation(adapted));
  describe('transactions', () => proveTransactions(adapted));
  describe('refusals', () => proveRefusals(adapted));
  describe('injection', () => proveInjections(adapted));
  return adapted;
}

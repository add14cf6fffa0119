import type pg from 'pg';
import type { Library, OpenedLibrary } from './library.ts';
import type { Shop, ShopOrganization } from './shop.ts';

/** A shop with two organizations, and a library that the application uses. */
export interface AdaptedShop {
  readonly shop: Shop;
  readonly acme: ShopOrganization;
  readonly globex: ShopOrganization;
  readonly library: Library;
  /** The library over a pool of several connections. */
  readonly opened: OpenedLibrary;
  /** Opens the library over a pool of its own. The pool is closed at the end of the file. */
  open(options?: pg.PoolConfig): OpenedLibrary & { readonly pool: pg.Pool };
}

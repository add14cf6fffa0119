import type { ForeignKey } from './application.ts';
import type { TenantTable } from './tenant-tables.ts';

/**
 * The order in which a transaction of the application first writes its tables, as far as keys say: a row comes after the rows
 * that it must refer to.
 */
export function writeOrder(tenant: readonly TenantTable[], keys: readonly ForeignKey[]): string[] {
  const names = tenant.map(({ table }) => table.name);
  const required = keys.filter(({ child, parent, isRequired }) => isRequired && child !== parent);
  const ordered: string[] = [];
  while (ordered.length < names.length) {
    const left = names.filter((name) => !ordered.includes(name));
    const isReady = (name: string) =>
      required.every(({ child, parent }) => child !== name || !left.includes(parent));
    // Tables that must refer to each other in a circle have no order.
    const next = left.find(isReady) ?? left[0];
    if (next) ordered.push(next);
  }
  return ordered;
}

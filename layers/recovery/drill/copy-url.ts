import type { DatabaseConfig } from '#platform/config.ts';
import type { CopyAddress } from './copy.ts';

/** The URL of the database in a copy. Its database name and its encryption are those of production. */
export function copyUrl(production: DatabaseConfig, address: CopyAddress): string {
  const url =
    'url' in production
      ? new URL(production.url)
      : new URL(`postgres://copy/${production.name}?sslmode=verify-full`);
  url.hostname = address.host;
  url.port = String(address.port);
  url.username = encodeURIComponent(address.user);
  url.password = encodeURIComponent(address.password);
  return url.href;
}

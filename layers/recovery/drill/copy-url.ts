import type { DatabaseConfig } from '#platform/config.ts';
import type { CopyAddress } from './copy.ts';

/** The URL of the database in a copy: reached as production is, with its name and its encryption. */
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

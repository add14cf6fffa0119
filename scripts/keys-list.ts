import type { StoredKey } from '#tenancy/key-store.ts';
import { keysOf } from '#tenancy/operator-keys.ts';
import { findOrganization } from '#tenancy/organizations.ts';
import { command } from './cli/command.ts';
import { withRole } from './cli/connect.ts';
import { databaseOptions, findDatabaseUrl } from './cli/database-url.ts';
import * as option from './cli/option.ts';

await command({
  name: 'keys:list',
  summary: 'Lists the API keys of an organization, the newest first.',
  description:
    'What proves a key is not among it: the secret was shown once, and its digest stays in the database.',
  options: {
    org: option.text({ description: 'the slug of the organization', placeholder: 'slug', required: true }),
    ...databaseOptions,
  },
  examples: [
    { type: '--org acme', does: 'lists the keys of acme, those that no longer work too' },
    { type: '--org acme --json', does: 'the same for a program' },
  ],
  run: async ({ options }) => {
    const keys = await withRole(await findDatabaseUrl(options), 'stockade_admin', async (admin) => {
      const { id } = await findOrganization(admin, options.org);
      return await keysOf(admin, id);
    });
    const nowMs = Date.now();
    return {
      json: keys,
      text:
        keys.map((key) => line(key, nowMs)).join('\n') ||
        `${options.org} has none: npm run keys:create -- --help`,
    };
  },
});

function line(key: StoredKey, nowMs: number): string {
  const used = key.lastUsedAt ? `used ${key.lastUsedAt}` : 'never used';
  return [
    key.id,
    stateOf(key, nowMs).padEnd(32),
    key.scopes.join(',').padEnd(16),
    used.padEnd(29),
    key.name,
  ].join('  ');
}

function stateOf({ revokedAt, expiresAt, replacedBy }: StoredKey, nowMs: number): string {
  if (revokedAt) return `revoked ${revokedAt}`;
  if (!expiresAt) return 'works';
  if (Date.parse(expiresAt) <= nowMs) return `expired ${expiresAt}`;
  return `${replacedBy ? 'rotated,' : 'works'} until ${expiresAt}`;
}

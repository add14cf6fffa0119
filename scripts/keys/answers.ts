import type { StoredKey } from '#tenancy/credentials/key-store.ts';
import type { Answer } from '../cli/command.ts';

/** The keys of an organization, one per line, with their state and scopes. */
export function keysAnswer(org: string, keys: readonly StoredKey[], nowMs: number): Answer {
  return {
    json: keys,
    text:
      keys.map((key) => line(key, nowMs)).join('\n') ||
      `${org} has no API keys. To create one: npm run keys:create -- --help`,
  };
}

/** A key that was created (shown once), or would be. */
export function createdKeyAnswer(
  org: string,
  { key, ...stored }: StoredKey & { readonly key: string },
  dryRun: boolean,
): Answer {
  const expiry = stored.expiresAt ? `expires ${stored.expiresAt}` : 'never expires';
  const terms = `scopes ${stored.scopes.join(', ')}; ${expiry}`;
  if (dryRun) {
    const { id: _, ...planned } = stored;
    return {
      json: { ...planned, dryRun },
      text: `Would create API key "${stored.name}" for ${org}: ${terms}.`,
    };
  }
  return {
    json: { ...stored, key },
    text: [
      `Created API key ${stored.id} "${stored.name}" for ${org}: ${terms}.`,
      `API key, shown once: ${key}`,
      `To revoke it: npm run keys:revoke -- --org ${org} --id ${stored.id}`,
    ].join('\n'),
  };
}

/** A key that was revoked, or would be. */
export function revokedKeyAnswer(org: string, revoked: StoredKey, dryRun: boolean): Answer {
  const { id, name, revokedAt } = revoked;
  return dryRun
    ? { json: { ...revoked, dryRun }, text: `Would revoke API key ${id} "${name}" of ${org}.` }
    : { json: revoked, text: `Revoked API key ${id} "${name}" of ${org} at ${revokedAt}.` };
}

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

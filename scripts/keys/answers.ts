import type { StoredKey } from '#tenancy/credentials/key-store.ts';
import type { Answer } from '../cli/command.ts';

/** The keys of an organization, one a line, with what each can do by now. */
export function keysAnswer(org: string, keys: readonly StoredKey[], nowMs: number): Answer {
  return {
    json: keys,
    text: keys.map((key) => line(key, nowMs)).join('\n') || `${org} has none: npm run keys:create -- --help`,
  };
}

/** A key that was made, shown once, or that would be. */
export function createdKeyAnswer(
  org: string,
  { key, ...stored }: StoredKey & { readonly key: string },
  dryRun: boolean,
): Answer {
  const terms = `${stored.scopes.join(', ')}; ${stored.expiresAt ? `until ${stored.expiresAt}` : 'without end'}`;
  if (dryRun) {
    const { id: _, ...planned } = stored;
    return {
      json: { ...planned, dryRun },
      text: `Would make a key "${stored.name}" for ${org}: ${terms}.`,
    };
  }
  return {
    json: { ...stored, key },
    text: [
      `Made key ${stored.id} "${stored.name}" for ${org}: ${terms}.`,
      `API key, shown once: ${key}`,
      `To end it: npm run keys:revoke -- --org ${org} --id ${stored.id}`,
    ].join('\n'),
  };
}

/** A key that was ended, or would be. */
export function endedKeyAnswer(org: string, ended: StoredKey, dryRun: boolean): Answer {
  const { id, name, revokedAt } = ended;
  return dryRun
    ? { json: { ...ended, dryRun }, text: `Would end key ${id} "${name}" of ${org}.` }
    : { json: ended, text: `Key ${id} "${name}" of ${org} ended at ${revokedAt}.` };
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

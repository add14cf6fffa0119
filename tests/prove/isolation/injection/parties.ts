import type { Client } from 'pg';
import { keyEnvironment } from '../api.ts';
import { type Holdings, plantOrganization, type Victim } from '../victim.ts';
import { hidden, leakMarker, type Target } from './attack.ts';

/** A text that must never reach the attacker. It fits every column, including key ids. */
export const canary = 'canary7f3a9c';
const canaryQuantity = 7391.0407;

const holdings: Holdings = {
  slug: 'other-organization',
  skus: [`${canary}-sku`, 'KNOWN-1', 'KNOWN-2'],
  locations: [`${canary}-here`],
  lot: `${canary}-lot`,
  references: [`${canary}-reference`],
  idempotencyKeys: [`${canary}-idempotency`, 'KNOWN-1'],
  text: canary,
  keyId: canary,
  quantity: canaryQuantity,
  entries: 1,
};

const ownHoldings: Holdings = {
  ...holdings,
  slug: 'attacker',
  skus: ['OWN-1', 'OWN-2'],
  locations: ['OWN'],
  lot: 'own',
  references: ['own'],
  idempotencyKeys: ['own'],
  text: 'own',
  keyId: 'own0own0own0',
  quantity: 1,
};

/** Creates the two organizations of an injection: the target, and the one whose key the attacker has. */
export async function plantParties(
  superuser: Client,
): Promise<{ readonly victim: Victim; readonly attacker: Victim }> {
  return {
    victim: await plantOrganization(superuser, holdings, keyEnvironment),
    attacker: await plantOrganization(superuser, ownHoldings, keyEnvironment),
  };
}

/** The texts that only rows of the target contain: the canary, and its ids. */
export async function forbiddenTexts(superuser: Client, orgId: string): Promise<string[]> {
  const { rows } = await superuser.query<{ id: string }>(
    `select id::text from inventory.items where org_id = $1
     union all select id::text from inventory.locations where org_id = $1
     union all select user_id::text from tenancy.memberships where org_id = $1`,
    [orgId],
  );
  return [canary, leakMarker, String(canaryQuantity), ...rows.map(({ id }) => id)];
}

/** What the attacker knows of the target. `database` is its name, quoted. */
export async function targetOf(superuser: Client, database: string, victim: Victim): Promise<Target> {
  const { rows } = await superuser.query<{ id: string }>(
    'select id from inventory.entries where org_id = $1 limit 1',
    [victim.id],
  );
  return {
    database,
    org: `${hidden(victim.id)}::uuid`,
    slug: hidden(victim.slug),
    sku: hidden('KNOWN-1'),
    unusedSku: hidden('KNOWN-2'),
    entry: hidden(rows[0]?.id ?? ''),
  };
}

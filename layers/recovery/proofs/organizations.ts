import type { Client } from 'pg';
import { anchorKey, anchorsRoot } from '#ledger/seals/anchor-key.ts';
import { wasAnchoredAfter } from '#ledger/seals/verify/anchors.ts';
import { listEvidence } from '#platform/evidence.ts';
import type { Findings, ProofContext } from './proof.ts';

/** The organizations of a copy, suspended ones too: their books stay proven. */
export async function readOrganizations(client: Client): Promise<{ id: string; slug: string }[]> {
  await client.query('set role stockade_admin');
  const { rows } = await client.query<{ id: string; slug: string }>(
    'select id, slug from tenancy.organizations order by slug',
  );
  await client.query('reset role');
  return rows;
}

/**
 * Every organization that has ever sealed its ledger is there, unless it was erased or came later. The bucket of anchors
 * knows them, which nobody can change who changes the database.
 */
export async function proveOrganizations({ connect, asOf }: ProofContext, findings: Findings): Promise<void> {
  const client = await connect();
  const there = new Set((await readOrganizations(client)).map(({ id }) => id));
  findings.add('organizations', there.size);
  const erased = await readErased(client);
  for (const id of await anchoredOrganizations()) {
    findings.add('anchored', 1);
    if (there.has(id) || erased.has(id) || (await wasAnchoredAfter(anchorKey(id, 1), asOf))) continue;
    findings.fault(`the organization ${id} has sealed its ledger, and is not in the copy`);
  }
  if (there.size === 0 && erased.size === 0)
    findings.fault('there is no organization in the copy, nor was there ever one');
}

/** The organizations that were erased on purpose. */
export async function readErased(client: Client): Promise<Set<string>> {
  await client.query('set role stockade_admin');
  const { rows } = await client.query<{ id: string }>('select organization_id as id from tenancy.erasures');
  await client.query('reset role');
  return new Set(rows.map(({ id }) => id));
}

async function anchoredOrganizations(): Promise<Set<string>> {
  const ids = new Set<string>();
  for await (const key of listEvidence(anchorsRoot)) ids.add(key.split('/')[1] ?? '');
  return ids;
}

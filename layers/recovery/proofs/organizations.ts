import { anchorKey, anchorsRoot } from '#audit/seals/anchor-key.ts';
import { wasAnchoredAfter } from '#audit/seals/verify/anchors.ts';
import { listEvidence } from '#platform/evidence.ts';
import { readErasures } from '../erasures.ts';
import { hasAnchors, refuseWithoutAnchors } from './anchors.ts';
import type { Findings, ProofContext } from './proof.ts';
import { readOrganizations } from './read-organizations.ts';

/**
 * Every organization that has ever sealed its ledger is there, unless it was erased or came later. The bucket of anchors
 * knows them, which nobody can change who changes the database.
 */
export async function proveOrganizations({ connect, asOf }: ProofContext, findings: Findings): Promise<void> {
  const client = await connect();
  const there = new Set((await readOrganizations(client)).map(({ id }) => id));
  findings.add('organizations', there.size);
  await client.query('set role stockade_admin');
  const erased = await readErasures(client);
  await client.query('reset role');
  if (there.size === 0 && erased.size === 0)
    findings.fault('there is no organization in the copy, nor was there ever one');
  if (!hasAnchors()) return await refuseWithoutAnchors(client);
  for (const id of await anchoredOrganizations()) {
    findings.add('anchored', 1);
    if (there.has(id) || erased.has(id) || (await wasAnchoredAfter(anchorKey(id, 1), asOf))) continue;
    findings.fault(`the organization ${id} has sealed its ledger, and is not in the copy`);
  }
}

async function anchoredOrganizations(): Promise<Set<string>> {
  const ids = new Set<string>();
  for await (const key of listEvidence(anchorsRoot)) ids.add(key.split('/')[1] ?? '');
  return ids;
}

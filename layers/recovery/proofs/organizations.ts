import { anchorKey, anchorsRoot } from '#audit/seals/anchor-key.ts';
import { wasAnchoredAfter } from '#audit/seals/verify/anchors.ts';
import { listEvidence } from '#platform/aws/evidence.ts';
import { readErasures } from '../erasures.ts';
import { hasAnchors, refuseWithoutAnchors } from './anchors.ts';
import type { Findings, ProofContext } from './proof.ts';
import { readOrganizations } from './read-organizations.ts';

/**
 * Proves that the copy contains every organization that has sealed its ledger, except those that were erased or created
 * later. The anchors in the evidence bucket name them: access to the database is not enough to change the anchors.
 */
export async function proveOrganizations({ connect, asOf }: ProofContext, findings: Findings): Promise<void> {
  const client = await connect();
  const there = new Set((await readOrganizations(client)).map(({ id }) => id));
  findings.add('organizations', there.size);
  await client.query('set role stockade_admin');
  const erased = await readErasures(client);
  await client.query('reset role');
  if (there.size === 0 && erased.size === 0)
    findings.fault('the copy contains no organization, and no record that one was erased');
  if (!hasAnchors()) return await refuseWithoutAnchors(client);
  for (const id of await anchoredOrganizations()) {
    findings.add('anchored', 1);
    if (there.has(id) || erased.has(id) || (await wasAnchoredAfter(anchorKey(id, 1), asOf))) continue;
    findings.fault(`the organization ${id} has sealed its ledger, but the copy does not contain it`);
  }
}

async function anchoredOrganizations(): Promise<Set<string>> {
  const ids = new Set<string>();
  for await (const key of listEvidence(anchorsRoot)) ids.add(key.split('/')[1] ?? '');
  return ids;
}

import type { Client } from 'pg';
import { anchorsRoot } from '#audit/seals/anchor-key.ts';
import { AwsRefused, AwsUnavailable } from '#platform/aws/call.ts';
import { listEvidence } from '#platform/aws/evidence.ts';
import { MissingSetting } from '#platform/errors.ts';
import { inOrganizationAsJob } from '#tenancy/job-transaction.ts';
import { readErasures } from './erasures.ts';
import { readOrganizations } from './proofs/read-organizations.ts';

/**
 * The organizations that have anchored more seals than the copy contains. If the copy becomes production, it creates these
 * seals again with other contents, which contradicts their anchors: it then needs another evidence bucket. Undefined when
 * the bucket cannot be read. `copy` is a connection as the master of the copy, which may take any role.
 */
export async function sealedAhead(copy: Client): Promise<string[] | undefined> {
  const anchored = await newestAnchors();
  if (!anchored) return undefined;
  const there = new Map((await readOrganizations(copy)).map(({ id, slug }) => [id, slug]));
  await copy.query('set role stockade_admin');
  const erased = await readErasures(copy);
  await copy.query('set role stockade_jobs');
  const ahead: string[] = [];
  for (const [id, newest] of anchored) {
    if (erased.has(id)) continue;
    if (newest > (there.has(id) ? await newestSeal(copy, id) : 0)) ahead.push(there.get(id) ?? id);
  }
  await copy.query('reset role');
  return ahead;
}

async function newestAnchors(): Promise<Map<string, number> | undefined> {
  const newest = new Map<string, number>();
  try {
    for await (const key of listEvidence(anchorsRoot)) {
      const [, id = '', file = ''] = key.split('/');
      newest.set(id, Math.max(newest.get(id) ?? 0, Number.parseInt(file, 10) || 0));
    }
  } catch (error) {
    if (error instanceof AwsRefused || error instanceof AwsUnavailable || error instanceof MissingSetting)
      return undefined;
    throw error;
  }
  return newest;
}

async function newestSeal(copy: Client, orgId: string): Promise<number> {
  const [newest] = await inOrganizationAsJob<{ seq: number | null }>(copy, orgId, 'read', {
    text: 'select max(seq)::int as seq from inventory.seals where org_id = $1',
    values: [orgId],
  });
  return newest?.seq ?? 0;
}

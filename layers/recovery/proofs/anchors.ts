import type { Client } from 'pg';
import { inSnapshot } from '#audit/reconciliation/snapshot.ts';
import { environment } from '#platform/environment.ts';
import { CouldNotRun, DoesNotApply } from './proof.ts';
import { readOrganizations } from './read-organizations.ts';

/** Whether the environment names the bucket that contains the anchors of seals. */
export function hasAnchors(): boolean {
  return Boolean(process.env[environment.evidenceBucket]);
}

/**
 * Raises the reason why a copy cannot be compared with its anchors.
 * @throws DoesNotApply when its seals were never anchored
 * @throws CouldNotRun when the copy itself records that its seals were anchored
 */
export async function refuseWithoutAnchors(client: Client): Promise<never> {
  const organizations = await readOrganizations(client);
  await client.query('set role stockade_jobs');
  for (const { id } of organizations) {
    const bucket = await inSnapshot(client, id, {}, async (snapshot) => {
      const [anchor] = await snapshot.query<{ bucket: string }>(
        'select bucket from inventory.seal_anchors where org_id = $1 order by seq desc limit 1',
        [id],
      );
      return anchor?.bucket;
    });
    if (bucket === undefined) continue;
    throw new CouldNotRun(
      `its seals are anchored in ${bucket}, but ${environment.evidenceBucket} is not set: they were not compared`,
    );
  }
  throw new DoesNotApply('there is no evidence bucket, so there are no anchors to compare it with');
}

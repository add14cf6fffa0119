import type { Client } from 'pg';
import { inSnapshot } from '#audit/reconciliation/snapshot.ts';
import { environment } from '#platform/environment.ts';
import { CouldNotRun, DoesNotApply } from './proof.ts';
import { readOrganizations } from './read-organizations.ts';

/** Whether it is set where the anchors of seals are, as on AWS. */
export function hasAnchors(): boolean {
  return Boolean(process.env[environment.evidenceBucket]);
}

/**
 * Says why there is nothing outside of the database to hold a copy against.
 * @throws DoesNotApply when there is no such place
 * @throws CouldNotRun when the copy itself knows that there is one
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
      `its seals are anchored in ${bucket}, and ${environment.evidenceBucket} is not set: nobody has held it against them`,
    );
  }
  throw new DoesNotApply(
    'nothing is kept outside of the database to hold it against: there is no evidence bucket',
  );
}

import type { Client } from 'pg';
import { isDamage } from './pages.ts';
import { CouldNotRun, DoesNotApply, type Findings, TakenOver } from './proof.ts';
import { readOrganizations } from './read-organizations.ts';

/**
 * Examines every organization of a copy as stockade_jobs. One that cannot be examined, such as one with a value that nothing
 * can be computed from, is a fault with its name, and the others are examined all the same.
 * @throws errors that are not about one organization: damaged pages, a lost connection, a proof that does not apply
 */
export async function eachOrganization(
  client: Client,
  findings: Findings,
  signal: AbortSignal | undefined,
  examine: (organization: { readonly id: string; readonly slug: string }) => Promise<void>,
): Promise<void> {
  const organizations = await readOrganizations(client);
  await client.query('set role stockade_jobs');
  for (const organization of organizations) {
    signal?.throwIfAborted();
    try {
      await examine(organization);
    } catch (error) {
      signal?.throwIfAborted();
      if (isDamage(error) || [CouldNotRun, DoesNotApply, TakenOver].some((kind) => error instanceof kind))
        throw error;
      // If the connection is lost, this fails: the next organization could not be examined either.
      await client.query('select').catch(() => {
        throw error;
      });
      findings.fault(`${organization.slug}: could not be examined: ${(error as Error).message}`);
    }
  }
}

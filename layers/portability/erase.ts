import type pg from 'pg';
import type { Manifest } from './manifest.ts';
import { PortabilityError } from './portability-error.ts';
import { answerOf, inLongTransaction } from './transaction.ts';

export interface EraseOptions {
  /** The slug of the organization, said again so that a mistaken receipt erases nothing. */
  readonly slug: string;
  /** The manifest of an export that holds exactly what there is. */
  readonly receipt: Manifest;
  /** Does all of it, answers, and undoes it. */
  readonly dryRun?: boolean;
}

/**
 * Deletes everything of a suspended organization, append-only tables too, and the users who belong to no other; leaves a
 * row in `tenancy.erasures`. All of it or nothing. Returns how many rows of which table were deleted. It waits until
 * requests that began before it have ended. `admin` is a connection as stockade_admin.
 * @throws PortabilityError when there is no such organization, or the receipt is of another one
 * @throws SK501 when it is not suspended, SK502 when it has changed since the export, SK503 when requests do not end
 */
export async function eraseOrganization(
  admin: pg.ClientBase,
  { slug, receipt, dryRun = false }: EraseOptions,
): Promise<Record<string, number>> {
  const ending = dryRun ? 'rollback' : 'commit';
  // Read committed: what was committed while it waited for requests to end must be seen.
  return await inLongTransaction(
    admin,
    { begin: 'begin isolation level read committed', ending },
    async () => {
      const { rows } = await admin.query<{ id: string }>(
        'select id from tenancy.organizations where slug = $1',
        [slug],
      );
      const id = rows[0]?.id;
      if (!id) {
        throw new PortabilityError(
          `there is no organization ${JSON.stringify(slug)}`,
          'See npm run org:list; what was erased is listed in tenancy.erasures.',
        );
      }
      if (id !== receipt.organization.id) {
        throw new PortabilityError(
          `the receipt is of ${receipt.organization.slug} (${receipt.organization.id}), and ${slug} is ${id}`,
          'Name the manifest of an export of this organization.',
        );
      }
      return await answerOf(admin, 'tenancy.erase_organization($1, $2)', [
        id,
        Buffer.from(receipt.receipt, 'hex'),
      ]);
    },
  );
}

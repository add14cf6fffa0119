import type pg from 'pg';
import type { Manifest } from './manifest.ts';
import { PortabilityError } from './portability-error.ts';
import { answerOf, inLongTransaction } from './transaction.ts';

export interface EraseOptions {
  /** The slug of the organization, repeated so that the wrong receipt erases nothing. */
  readonly slug: string;
  /** The manifest of an export with exactly the current rows. */
  readonly receipt: Manifest;
  /** Does everything, returns the result, and rolls back. */
  readonly dryRun?: boolean;
}

/**
 * Deletes all rows of a suspended organization, including its append-only tables, and all users who belong to no other
 * organization. It records the erasure in `tenancy.erasures`. It deletes everything or nothing, and returns the number of
 * deleted rows of each table. It waits until requests that began before it have ended. `admin` is a connection as
 * stockade_admin.
 * @throws PortabilityError when there is no such organization, or the receipt belongs to another one
 * @throws SK501 when it is not suspended, SK502 when it has changed since the export, SK503 when requests do not end
 */
export async function eraseOrganization(
  admin: pg.ClientBase,
  { slug, receipt, dryRun = false }: EraseOptions,
): Promise<Record<string, number>> {
  const ending = dryRun ? 'rollback' : 'commit';
  // Read committed: it must see what others committed while it waited for their requests to end.
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
          'See npm run org:list. tenancy.erasures lists erased organizations.',
        );
      }
      if (id !== receipt.organization.id) {
        throw new PortabilityError(
          `the receipt belongs to ${receipt.organization.slug} (${receipt.organization.id}), but ${slug} is ${id}`,
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

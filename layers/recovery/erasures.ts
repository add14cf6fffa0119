import type pg from 'pg';

/**
 * The organizations that were erased and not restored since, each with the time of its erasure. A restoration also records
 * an erasure, in the transaction that brings the organization back: such an organization must not be missing, so it is not
 * listed. `admin` is a connection as stockade_admin.
 */
export async function readErasures(admin: pg.ClientBase): Promise<ReadonlyMap<string, Date>> {
  const { rows } = await admin.query<{ id: string; at: Date }>(
    `select e.organization_id as id, max(e.erased_at) as at
     from tenancy.erasures e
     where not exists (
       select from recovery.restorations r
       where r.organization_id = e.organization_id and r.restored_at >= e.erased_at
     )
     group by e.organization_id`,
  );
  return new Map(rows.map(({ id, at }) => [id, at]));
}

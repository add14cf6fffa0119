import type { Client } from 'pg';
import type { Mutant } from './mutant.ts';

/** Matches a comparison of organizations in these functions. */
const comparison = /(?:\w+\.)?org_id = (?:\(select tenancy\.current_org\(\)\)|[\w.]+)/g;

/**
 * A mutant for each comparison of organizations in the functions of stockade_ledger, without the comparison. No policy
 * restricts these functions.
 * @throws when there is no comparison: the functions are then written differently, and the pattern must be updated
 */
export async function ledgerMutants(superuser: Client): Promise<Mutant[]> {
  const { rows } = await superuser.query<{ name: string; definition: string }>(
    `select oid::regprocedure::text as name, pg_get_functiondef(oid) as definition
     from pg_proc
     where proowner = 'stockade_ledger'::regrole
     order by 1`,
  );
  const mutants = rows.flatMap(({ name, definition }) =>
    [...definition.matchAll(comparison)].map(({ 0: found, index }, n) => ({
      kind: 'organization not compared',
      name: `${found} (${n + 1}), in ${name}`,
      sql: `${definition.slice(0, index)}true${definition.slice(index + found.length)}`,
    })),
  );
  if (mutants.length === 0) {
    throw new Error(
      'no function of stockade_ledger contains "org_id = …": update tests/prove/isolation/mutants/ledger.ts',
    );
  }
  return mutants;
}

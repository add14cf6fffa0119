import type { Client } from 'pg';
import type { Mutant } from './mutant.ts';

/** A comparison of organizations as these functions write it, up to its end. */
const comparison = /(?:\w+\.)?org_id = (?:\(select tenancy\.current_org\(\)\)|[\w.]+)/g;

/**
 * Each place where a function of stockade_ledger says whose rows it means, not saying it: no policy says it for them.
 * @throws when they say it nowhere: then they are written in another way, and this is to be brought up to date
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
      'no function of stockade_ledger has "org_id = …": bring tests/prove/isolation/mutants/ledger.ts up to date',
    );
  }
  return mutants;
}

import { Client } from 'pg';
import { loginUrl } from '#scripts/local/logins.ts';
import { asSuperuser } from '../../clone.ts';
import { probeAccess } from './access.ts';
import { probeCompromised } from './compromised.ts';
import { probeContexts } from './contexts.ts';
import { probeLedger } from './ledger.ts';
import { probeLimits } from './limits.ts';
import { probePrivileges } from './privileges.ts';
import { probeTwins } from './twins.ts';

/**
 * Tries every rule about roles, signed contexts and the ledger, one at a time, and returns those that do not hold.
 * `adminUrl` is the URL for the superuser. Only one organization stays in the database.
 */
export async function probe(adminUrl: string): Promise<string[]> {
  return await asSuperuser(adminUrl, async (superuser) => {
    const faults = await probePrivileges(superuser);
    for (const each of [probeAccess, probeCompromised, probeLedger, probeLimits, probeTwins]) {
      await superuser.query('begin');
      try {
        faults.push(...(await each(superuser)));
      } catch (error) {
        faults.push(`${each.name} could not run: ${(error as Error).message}`);
      } finally {
        await superuser.query('rollback');
      }
    }
    const api = new Client(loginUrl(adminUrl, 'stockade_api'));
    await api.connect();
    try {
      faults.push(...(await probeContexts(superuser, api, await oneItem(superuser))));
    } finally {
      await api.end();
    }
    return faults;
  });
}

async function oneItem(superuser: Client): Promise<string> {
  const { rows } = await superuser.query<{ org_id: string }>(
    `with made as (insert into tenancy.organizations (slug, name) values ('signed', 'Signed') returning id)
     insert into inventory.items (org_id, sku, name) select id, 'A', 'A' from made returning org_id`,
  );
  return rows[0]?.org_id ?? '';
}

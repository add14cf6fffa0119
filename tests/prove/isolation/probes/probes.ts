import { Client } from 'pg';
import { loginUrl } from '#scripts/local/logins.ts';
import { asSuperuser } from '../../clone.ts';
import { probeAccess } from './access.ts';
import { probeLedger } from './ledger.ts';
import { probePrivileges } from './privileges.ts';
import { probeSeals } from './seals.ts';
import { probeTwins } from './twins.ts';

/**
 * Asks a database, one rule at a time, what its roles may do, whom its seals let in and what its ledger refuses, and
 * answers the rules that do not hold. `adminUrl` is the superuser's; nothing stays but one organization.
 */
export async function probe(adminUrl: string): Promise<string[]> {
  return await asSuperuser(adminUrl, async (superuser) => {
    const faults = await probePrivileges(superuser);
    for (const each of [probeAccess, probeLedger, probeTwins]) {
      await superuser.query('begin');
      try {
        faults.push(...(await each(superuser)));
      } catch (error) {
        faults.push(`${each.name} could not be run: ${(error as Error).message}`);
      } finally {
        await superuser.query('rollback');
      }
    }
    const api = new Client(loginUrl(adminUrl, 'stockade_api'));
    await api.connect();
    try {
      faults.push(...(await probeSeals(superuser, api, await oneItem(superuser))));
    } finally {
      await api.end();
    }
    return faults;
  });
}

async function oneItem(superuser: Client): Promise<string> {
  const { rows } = await superuser.query<{ org_id: string }>(
    `with made as (insert into tenancy.organizations (slug, name) values ('sealed', 'Sealed') returning id)
     insert into inventory.items (org_id, sku, name) select id, 'A', 'A' from made returning org_id`,
  );
  return rows[0]?.org_id ?? '';
}

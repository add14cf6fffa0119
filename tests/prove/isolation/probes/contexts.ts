import type { Client } from 'pg';

/**
 * Tries contexts with a genuine MAC that differ in one part from the right context of this transaction. Even an attacker who
 * could create them must see nothing. `superuser` knows the key; `api` is a connection as stockade_api.
 */
export async function probeContexts(superuser: Client, api: Client, orgId: string): Promise<string[]> {
  const faults: string[] = [];
  const expect = async (rule: string, change: Partial<Parts>, outcome: string, mac?: string) => {
    await api.query('begin');
    try {
      const { rows } = await api.query<{ pid: string; at: string }>(
        `select pg_backend_pid()::text as pid, encode(timestamptz_send(now()), 'hex') as at`,
      );
      const own = rows[0] ?? { pid: '', at: '' };
      const context = await signed(
        superuser,
        { org: orgId, actor: 'job', scopes: 'read,write', ...own, ...change },
        mac,
      );
      await api.query(`set local stockade.context = '${context}'`);
      const found = await organizationSeen(api, orgId);
      if (found !== outcome) faults.push(`${rule}: ${found}, expected ${outcome}`);
    } finally {
      await api.query('rollback');
    }
  };
  await expect('a context of this transaction is accepted', {}, orgId);
  await expect('a context of another backend', { pid: '1' }, 'SK901');
  await expect('a context of another transaction', { at: '0002d5f3b6f0c000' }, 'SK901');
  await expect('a context with a wrong MAC', {}, 'SK901', '0'.repeat(64));
  await expect('a context without MAC', {}, 'SK901', '');
  return faults;
}

interface Parts {
  readonly org: string;
  readonly actor: string;
  readonly scopes: string;
  readonly pid: string;
  readonly at: string;
}

/** `orgId` is the organization whose items there are. */
async function organizationSeen(api: Client, orgId: string): Promise<string> {
  // Both readers of the context: that of the policies, and that of the functions that ask for a scope.
  const answers: string[] = [];
  for (const statement of [
    'select tenancy.current_org()::text as seen',
    `select tenancy.entered_organization() ->> 'id' as seen`,
    `select case when count(*) > 0 then '${orgId}' end as seen from inventory.list_items(1, null, null)`,
  ]) {
    await api.query('savepoint look');
    try {
      answers.push((await api.query(statement)).rows[0].seen);
    } catch (error) {
      answers.push((error as { code: string }).code);
      await api.query('rollback to savepoint look');
    }
  }
  return [...new Set(answers)].join(' and ');
}

async function signed(
  superuser: Client,
  { org, actor, scopes, pid, at }: Parts,
  mac?: string,
): Promise<string> {
  const { rows } = await superuser.query<{ context: string }>(
    `select concat_ws('|', text, coalesce(
       $6::text,
       encode(sha256(outer_pad || sha256(inner_pad || convert_to(concat_ws('|', text, $4::text, $5::text), 'UTF8'))), 'hex')
     )) as context
     from tenancy.context_keys
     cross join lateral concat_ws('|', id, $1::text, $2::text, $3::text) as text
     where active`,
    [org, actor, scopes, pid, at, mac ?? null],
  );
  return rows[0]?.context ?? '';
}

import type { Client } from 'pg';
import { brokenRules, type Expectation } from './probe.ts';

/**
 * Tries what somebody with the login of stockade_jobs or stockade_admin would try, beyond what the jobs and commands do with
 * it. The transaction of `superuser` is rolled back.
 */
export async function probeCompromised(superuser: Client): Promise<string[]> {
  const org = await plant(superuser);
  await superuser.query('set local role stockade_jobs');
  const jobs = await brokenRules(superuser, jobsRules(org));
  await superuser.query(`select set_config('stockade.context', '', true)`);
  await superuser.query('reset role; set local role stockade_admin');
  const admin = await brokenRules(superuser, adminRules(org));
  await superuser.query('reset role');
  return [...jobs, ...admin];
}

async function plant(superuser: Client): Promise<string> {
  const { rows } = await superuser.query<{ id: string }>(
    `insert into tenancy.organizations (slug, name) values ('compromised', 'Compromised') returning id`,
  );
  const org = rows[0]?.id ?? '';
  await superuser.query('select tenancy.enter_as_job($1)', [org]);
  await superuser.query(`select inventory.create_item('{"sku":"A","name":"A"}')`);
  await superuser.query(
    `insert into tenancy.security_events (org_id, minute, kind, actor, named, first_request_id)
     values ($1, date_trunc('minute', now()), 'organization_mismatch', 'a', 'b', 'c')`,
    [org],
  );
  await superuser.query(`select inventory.claim_idempotency_key('K', sha256('K'))`);
  return org;
}

/** As an interval it is compared as 100 days; taken from an instant, it leads almost a year ahead. */
const crooked = `interval '-1000 months 30100 days'`;

function jobsRules(org: string): Expectation[] {
  const rule = (name: string, statement: string, outcome: string): Expectation => ({
    rule: `as stockade_jobs: ${name}`,
    statement,
    outcome,
  });
  return [
    rule(
      'evidence of today is not forgotten',
      `select tenancy.forget_security_events(${crooked}, 1000)`,
      '22023',
    ),
    rule('nor is it before its time', `select tenancy.forget_security_events('89 days', 1000)`, '22023'),
    rule(
      'an answer of today is not forgotten, after which a repeated request would be applied twice',
      `select * from inventory.forget_idempotency_keys(${crooked}, '', 1000)`,
      '22023',
    ),
    rule(
      'no ledger is kept from its reconciliation for years',
      `select * from inventory.lease_reconciliation('${org}', '1000 years')`,
      '22023',
    ),
    ...[
      'delete from inventory.idempotency_keys',
      'update inventory.balances set on_hand = 1',
      `insert into inventory.seals (org_id) values ('${org}')`,
      'delete from tenancy.security_events',
      'select * from tenancy.users',
      'select * from tenancy.memberships',
      'select * from tenancy.api_keys',
      'select * from tenancy.pass_keys',
      'update tenancy.organizations set max_concurrency = 1',
      `insert into tenancy.api_keys (org_id, key_id, secret_digest, name, scopes) values ('${org}', 'x', '', 'x', '{read}')`,
      `select tenancy.erase_organization('${org}', '')`,
      `select tenancy.set_pass_key('evil', sha256('x'))`,
      'select tenancy.rotate_context_key()',
      'drop owned by current_user cascade',
    ].map((statement) => rule(statement, statement, '42501')),
  ];
}

function adminRules(org: string): Expectation[] {
  const rule = (name: string, statement: string, outcome: string): Expectation => ({
    rule: `as stockade_admin: ${name}`,
    statement,
    outcome,
  });
  return [
    rule(
      'an active organization is not erased',
      `select tenancy.erase_organization('${org}', sha256('x'))`,
      'SK501',
    ),
    rule(
      'nor is a suspended one without the receipt of its export',
      `do $a$ begin
         update tenancy.organizations set status = 'suspended', suspended_at = now() where id = '${org}';
         perform tenancy.erase_organization('${org}', sha256('x'));
       end $a$`,
      'SK502',
    ),
    ...[
      'select * from inventory.items',
      'select * from inventory.movements',
      'select * from inventory.balances',
      'select * from tenancy.security_events',
      'select secret_digest from tenancy.api_keys',
      'select name from tenancy.users',
      `update tenancy.users set email = 'evil@example.com'`,
      'delete from tenancy.memberships',
      'delete from tenancy.erasures',
      `update tenancy.organizations set slug = 'evil'`,
      `select tenancy.enter_as_job('${org}')`,
      `select tenancy.sign_context('${org}', 'x', '{read}', null)`,
      'select * from tenancy.context_keys',
      'drop owned by current_user cascade',
    ].map((statement) => rule(statement, statement, '42501')),
  ];
}

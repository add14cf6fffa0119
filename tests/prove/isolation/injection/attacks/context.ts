import { type Attack, leakIf, type Target } from '../attack.ts';

const now = `encode(timestamptz_send(now()), 'hex')`;
const own = `current_setting('stockade.context', true)`;
const readAll = 'select * from inventory.items; select * from inventory.movements';

/** Attacks on the signed context and its functions. Setting a context returns nothing, so that no answer repeats it. */
export function contextAttacks({ org, slug }: Target): Attack[] {
  const part = (n: number) => `split_part(${own}, '|', ${n})`;
  const forged = (name: string, expression: string): Attack[] => [
    {
      name: `context forged by function: ${name}`,
      why: 'the signature is not verified',
      query: `select ${leakIf(`exists (
        select from inventory.items i where i.org_id = ${org} and length(set_config('stockade.context', ${expression}, true)) > 0
      )`)} from (select length(set_config('stockade.context', ${expression}, true))) as forged`,
    },
    {
      name: `context forged by block: ${name}`,
      why: 'the signature is not verified',
      statements: `do $a$ begin perform set_config('stockade.context', ${expression}, true); end $a$; ${readAll}`,
    },
    {
      name: `context forged for the session: ${name}`,
      why: 'the signature is not verified, or the next transaction accepts it',
      statements: `do $a$ begin perform set_config('stockade.context', ${expression}, false); end $a$; commit; begin; ${readAll}`,
    },
  ];
  return [
    ...forged('the bare id', `${org}::text`),
    ...forged('the other organization under our MAC', `replace(${own}, ${part(2)}, ${org}::text)`),
    ...forged(
      'the other organization, no MAC',
      `concat_ws('|', ${part(1)}, ${org}, 'job', 'read,write,admin', '')`,
    ),
    ...forged('a key that is not there', `concat_ws('|', '0', ${org}, 'job', 'read,write', repeat('0', 64))`),
    ...forged(
      'a MAC of what anybody knows',
      `concat_ws('|', ${part(1)}, ${org}, 'job', 'read,write',
        encode(sha256(convert_to(concat_ws('|', ${part(1)}, ${org}, 'job', 'read,write', pg_backend_pid(), ${now}), 'UTF8')), 'hex'))`,
    ),
    ...forged('separators in our own parts', `${own} || '|' || ${org}`),
    ...forged('empty', `''`),
    {
      name: 'context set by statement',
      why: 'a plain setting is accepted',
      requests: [`x'; set local stockade.context = '1|2|3|4|5'; ${readAll}; --`],
    },
    {
      name: 'context reset, then rows',
      why: 'no context means every row',
      statements: `set local stockade.context = ''; ${readAll}; reset stockade.context; ${readAll}`,
    },
    {
      name: 'a transaction without context',
      why: 'after COMMIT; BEGIN there is no isolation',
      statements: `commit; begin; ${readAll}; update inventory.items set name = 'x' returning *`,
    },
    {
      name: 'rollback and chain',
      why: 'the context survives the end of its transaction',
      statements: `rollback and chain; ${readAll}`,
    },
    {
      name: 'our context kept for the session and replayed in the next transaction',
      why: 'the signature does not cover its transaction',
      statements: `do $a$ begin execute format('set session stockade.context = %L', ${own}); end $a$; commit; begin; ${readAll}`,
    },
    {
      name: 'a savepoint around the context',
      why: 'undoing the setting undoes the check',
      statements: `savepoint a; set local stockade.context = 'x'; rollback to a; ${readAll}; release a`,
    },
    {
      name: 'entering as a job',
      why: 'enter_as_job is executable',
      query: `select tenancy.enter_as_job(${org}), i.* from inventory.items i`,
    },
    {
      name: 'signing by hand',
      why: 'sign_context is executable',
      query: `select tenancy.sign_context(${org}, 'job', array['read', 'write', 'admin'], null)`,
    },
    {
      name: 'the keys of the contexts',
      why: 'the secrets are readable',
      query: 'select s::text || p::text from tenancy.context_keys s full join tenancy.pass_keys p on true',
    },
    {
      name: 'new keys of the contexts',
      why: 'a role that sets a key can sign contexts',
      statements: `select tenancy.rotate_context_key(); select tenancy.set_pass_key('evil', repeat('k', 32)::bytea);
                   select tenancy.drop_pass_key('any'); select tenancy.hmac_pad('k'::bytea, 54);
                   select tenancy.verified_context()`,
    },
    {
      name: 'entering with guessed keys',
      why: 'a wrong secret is accepted, or its answer shows whether the key exists',
      statements: `call tenancy.enter_with_key('canary7f3a9c', sha256('guess'), 'read', array[]::text[]); ${readAll}`,
    },
    {
      name: 'entering with a key of nulls',
      why: 'null compares as true',
      statements: `call tenancy.enter_with_key(null, null, null, null); ${readAll}`,
    },
    {
      name: 'entering with guessed passes',
      why: 'a pass without a MAC is accepted',
      statements: `call tenancy.enter_with_pass('k|9999999999|' || ${slug} || '@example.com|' || repeat('0', 64), 'read', array[${slug}]);
                   ${readAll}`,
    },
    {
      name: 'entering with passes of nulls',
      why: 'null compares as true',
      statements: `call tenancy.enter_with_pass(null, 'read', null); ${readAll}`,
    },
    {
      name: 'other settings that might be accepted',
      why: 'a function reads a setting with an older name',
      statements: `set local app.org_id = '1'; set local app.tenant = '1'; set local stockade.org_id = '1';
                   set local tenancy.org = '1'; set local request.jwt.claims = '{}'; ${readAll}`,
    },
  ];
}

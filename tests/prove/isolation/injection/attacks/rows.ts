import { type Attack, leakIf, type Target } from '../attack.ts';

/** Attacks with plain statements on rows of the target. */
export function rowAttacks({ org, sku, entry, slug }: Target): Attack[] {
  return [
    {
      name: 'union with every item',
      why: 'the handler forgot the organization',
      query: 'select * from inventory.items',
    },
    {
      name: 'items of the named organization',
      why: 'the filter of the handler is the only protection',
      query: `select * from inventory.items where org_id = ${org}`,
    },
    {
      name: 'or true',
      why: 'the filter of the handler no longer applies',
      requests: [`' or true or i.sku = '`],
    },
    {
      name: 'join through another table',
      why: 'one table has no policy',
      query: `select e.*, i.*, m.* from inventory.entries e left join inventory.items i on i.org_id = e.org_id
              left join inventory.movements m on m.org_id = e.org_id where e.org_id = ${org}`,
    },
    {
      name: 'organizations and their members',
      why: 'an index finds a slug before the policy hides it',
      statements: `select * from tenancy.organizations where id = ${org} or slug = ${slug};
                   select * from tenancy.memberships where org_id = ${org}`,
    },
    {
      name: 'whole rows as json and xml',
      why: 'a function reads for the caller with other rights',
      query: `select json_agg(b)::text || query_to_xml('select * from inventory.balances', true, false, '')::text ||
              coalesce(table_to_xml('inventory.items', true, false, '')::text, '') || schema_to_xml('inventory', true, false, '')::text
              from inventory.balances b`,
    },
    {
      name: 'insert into the other organization',
      why: 'WITH CHECK is missing',
      statements: `insert into inventory.items (org_id, sku, name) values (${org}, 'INTRUDER', 'x')`,
    },
    {
      name: 'insert through the conflict clause',
      why: 'ON CONFLICT sees rows the policy hides',
      statements: `insert into inventory.items (org_id, sku, name) values (${org}, ${sku}, 'x')
                   on conflict (org_id, sku) do update set name = 'taken over' returning items.*`,
    },
    {
      name: 'move a row of our own into it',
      why: 'UPDATE checks only the old row',
      statements: `update inventory.items set org_id = ${org}`,
    },
    {
      name: 'update and delete its rows',
      why: 'USING is missing for a verb',
      statements: `update inventory.items set name = 'x' where org_id = ${org} returning *;
                   delete from inventory.items where org_id = ${org} returning *;
                   delete from inventory.locations where org_id = ${org} returning *`,
    },
    {
      name: 'update by join',
      why: 'a policy holds for the target, not for what it is joined with',
      statements: `update inventory.items i set name = o.name from inventory.items o where o.org_id = ${org} returning i.*, o.*`,
    },
    {
      name: 'merge into its rows',
      why: 'MERGE takes another way through the policies',
      statements: `merge into inventory.items i using (select ${org} as org, ${sku} as sku) s
                   on i.org_id = s.org and i.sku = s.sku
                   when matched then update set name = 'merged'
                   when not matched then insert (org_id, sku, name) values (s.org, s.sku, 'merged')`,
    },
    {
      name: 'movements and balances by hand',
      why: 'the ledger’s tables are writable',
      statements: `insert into inventory.movements select * from inventory.movements;
                   update inventory.balances set on_hand = 0; delete from inventory.entries`,
    },
    {
      name: 'balances by hand',
      why: 'the balances are writable',
      statements: `update inventory.balances set on_hand = 0 where org_id = ${org}`,
    },
    {
      name: 'truncate',
      why: 'TRUNCATE asks no policy',
      statements: 'truncate inventory.items, inventory.movements cascade',
    },
    {
      name: 'reverse its entry',
      why: 'a definer function finds rows by id alone',
      query: `select inventory.reverse_entry(${entry}::uuid, null, '{}')`,
    },
    {
      name: 'post to its item',
      why: 'a definer function finds items by SKU alone',
      query: `select inventory.post_entry(jsonb_build_object('kind', 'receipt', 'org_id', ${org}, 'orgId', ${org}, 'lines',
              jsonb_build_array(jsonb_build_object('sku', ${sku}, 'location', ${sku}, 'lot', 'x', 'quantity', 1))))`,
    },
    {
      name: 'its idempotency keys',
      why: 'the stored answer of another organization is replayed',
      query: `select inventory.claim_idempotency_key(${sku}, sha256(convert_to(${sku}, 'UTF8')))`,
    },
    {
      name: 'its stored answers overwritten',
      why: 'a key is found without its organization',
      query: `select inventory.remember_response(${sku}, '{"mine":true}')`,
    },
    {
      name: 'row security switched off',
      why: 'row_security = off is honoured',
      statements: 'set local row_security = off; select * from inventory.items',
    },
    {
      name: 'row security switched off by function',
      why: 'row_security = off is honoured',
      query: `select set_config('row_security', 'off', true), i.* from inventory.items i`,
    },
    {
      name: 'locks on its rows',
      why: 'SELECT FOR UPDATE passes the policy',
      statements: `select * from inventory.items where org_id = ${org} for update;
                   select * from inventory.locations where org_id = ${org} for update`,
    },
    {
      name: 'cursor and prepared statement',
      why: 'a plan outlives its context',
      statements: `declare c cursor with hold for select * from inventory.items; fetch all c;
                   prepare p as select * from inventory.items; execute p`,
    },
    {
      name: 'a snapshot of another transaction',
      why: 'an imported snapshot brings its rows along',
      statements: `select pg_export_snapshot(); commit; begin isolation level repeatable read;
                   set transaction snapshot '00000003-00000001-1'; select * from inventory.items`,
    },
    {
      name: 'is there a row of that organization',
      why: 'existence shows',
      query: `select ${leakIf(`exists (select from inventory.items where org_id = ${org})`)}`,
    },
    {
      name: 'rows counted',
      why: 'counts include invisible rows',
      query: `select ${leakIf(`(select count(*) from inventory.movements where org_id = ${org}) > 0`)}`,
    },
  ];
}

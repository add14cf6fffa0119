import type { Attack, Target } from '../attack.ts';

/** Statements after that of the handler whose answers are rows, notices and errors of their own. */
export function stackedAttacks({ org, database }: Target): Attack[] {
  const why = 'only the answer to the statement of the handler is looked at';
  const statement = (name: string, statements: string): Attack => ({ name, why, statements });
  const block = (name: string, body: string): Attack =>
    statement(`a block that ${name}`, `do $a$ declare r record; v text; begin ${body} end $a$`);
  const eachTable = `for r in select oid::regclass::text as name from pg_class
    where relkind = 'r' and relnamespace::regnamespace::text in ('inventory', 'tenancy') loop`;
  return [
    statement(
      'rows of a stacked statement',
      'select * from inventory.items; table inventory.movements; table inventory.balances',
    ),
    statement(
      'rows of a stacked statement in a transaction of its own',
      `commit; select * from inventory.items where org_id = ${org}; begin`,
    ),
    statement(
      'rows of a stacked prepared statement',
      'prepare p as table inventory.balances; execute p; deallocate p',
    ),
    statement(
      'rows of a stacked cursor',
      'declare c scroll cursor for table inventory.entries; fetch backward all c; move c; close c',
    ),
    statement(
      'rows of a stacked RETURNING',
      `update inventory.items set name = name where org_id = ${org} returning *`,
    ),
    statement(
      'rows of a stacked EXPLAIN',
      `explain (analyze, verbose) select * from inventory.items where org_id = ${org}`,
    ),
    block('prints rows', `for r in select * from inventory.items loop raise notice '%', r; end loop;`),
    block(
      'fails with rows',
      `raise exception '%', (select string_agg(i::text, ',') from inventory.items i);`,
    ),
    block(
      'reads every table, one failure at a time',
      `${eachTable}
         begin
           execute format('select string_agg(t::text, '','') from %s t', r.name) into v;
           raise notice '%', v;
         exception when others then raise notice '%', sqlerrm;
         end;
       end loop;`,
    ),
    block(
      'writes to every table, one failure at a time',
      `${eachTable}
         begin
           execute format('update %s set org_id = org_id where org_id = %L', r.name, ${org});
           execute format('delete from %s where org_id = %L', r.name, ${org});
         exception when others then raise notice '%', sqlerrm;
         end;
       end loop;`,
    ),
    {
      ...block(
        'enters every organization by chance',
        `for r in select unnest(array[${org}, tenancy.current_org()]) as id loop
           perform set_config('stockade.context', r.id::text || '|job|read|1|x', true);
           raise notice '%', (select count(*) from inventory.items);
         end loop;`,
      ),
    },
    block(
      'writes to the log and to files',
      `raise log 'x'; execute 'copy inventory.items to ''/tmp/evil''';`,
    ),
    block(
      'connects elsewhere',
      `perform dblink_connect('dbname=' || ${`'${database.replaceAll("'", '')}'`});`,
    ),
    block(
      'commits on its own',
      `commit; execute 'set role stockade_owner'; raise notice '%', (select count(*) from inventory.items);`,
    ),
  ];
}

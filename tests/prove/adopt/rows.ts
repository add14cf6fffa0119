import type { Client } from 'pg';
import type { Fixture } from '#tests/migrations/adopt/application-world.ts';

/**
 * Fills an application with about 100,000 rows, times a factor. The shop has one organization; the others get twenty, so that
 * each backfill has something to tell apart.
 */
export async function fillApplication(admin: Client, fixture: Fixture, factor = 1): Promise<number> {
  const many = (count: number) => Math.max(20, Math.round(count * factor));
  await admin.query(statements[fixture](many));
  const { rows } = await admin.query<{ rows: string }>(
    `select sum((xpath('/row/n/text()', query_to_xml(format('select count(*) as n from %s', c.oid::regclass), false, true, '')))[1]::text::bigint) as rows
     from pg_class c where c.relkind = 'r' and c.relnamespace::regnamespace::text in ('shop', 'accounts', 'work', 'public')`,
  );
  return Number(rows[0]?.rows);
}

type Many = (count: number) => number;

const statements: Readonly<Record<Fixture, (many: Many) => string>> = {
  shop: (many) => `
    insert into shop.customers (email, full_name, country_code)
    select format('c%s@example.com', n), format('Customer %s', n), 'IT' from generate_series(1, ${many(3_000)}) n;
    insert into shop.products (sku, name, price)
    select format('SKU-%s', n), format('Product %s', n), n % 100 from generate_series(1, ${many(3_000)}) n;
    insert into shop.orders (number, customer_id)
    select format('O-%s', n), 3 + n % ${many(3_000)} from generate_series(1, ${many(30_000)}) n;
    insert into shop.order_lines (order_id, line, product_id, quantity, price)
    select 3 + n / 2, n % 2, 3 + n % ${many(3_000)}, 1 + n % 5, n % 100 from generate_series(1, ${many(60_000) - 10}) n;
    insert into shop.audit_log (who, what) select 'somebody', '{}' from generate_series(1, ${many(4_000)});`,
  tracker: (many) => `
    insert into accounts.workspaces (name) select format('Workspace %s', n) from generate_series(1, 20) n;
    insert into accounts.people (workspace_id, email, display_name)
    select w.id, format('p%s@example.com', n), format('Person %s', n)
    from accounts.workspaces w, generate_series(1, 20) n;
    insert into work.projects (workspace_id, key, lead_id)
    select p.workspace_id, format('K%s', row_number() over ()), p.id from accounts.people p;
    insert into work.labels (workspace_id, name)
    select w.id, format('L%s', n) from accounts.workspaces w, generate_series(1, 10) n;
    create temporary table numbered as select id, workspace_id, row_number() over () as n from work.projects;
    insert into work.tasks (project_id, title)
    select p.id, format('Task %s', s.k) from generate_series(1, ${many(20_000)}) as s (k)
    join numbered p on p.n = 1 + s.k % (select count(*) from numbered);
    insert into work.tasks (parent_id, title)
    select t.id, 'Part of ' || t.title from work.tasks t where t.project_id is not null;
    insert into work.task_labels (task_id, label_id)
    select t.id, (select l.id from work.labels l where l.workspace_id = p.workspace_id limit 1)
    from work.tasks t join work.projects p on p.id = t.project_id limit ${many(20_000)}
    on conflict do nothing;
    insert into work.task_watchers (task_id, person_id)
    select t.id, p.lead_id from work.tasks t join work.projects p on p.id = t.project_id where p.lead_id is not null
    limit ${many(10_000)}
    on conflict do nothing;
    insert into work.comments (task_id, author_id, body)
    select t.id, null, 'A comment' from work.tasks t limit ${many(30_000)};
    create index comments_task on work.comments (task_id);
    create index comments_author on work.comments (author_id);
    create index task_watchers_person on work.task_watchers (person_id);
    drop table numbered;`,
  prisma: (many) => `
    insert into "Account" ("id", "name") select format('cacc%s', n), format('Account %s', n) from generate_series(1, 20) n;
    insert into "User" ("id", "email", "accountId")
    select format('cusr%s', n), format('u%s@example.com', n), format('cacc%s', 1 + n % 20) from generate_series(1, 200) n;
    insert into "Item" ("id", "sku", "name", "accountId", "updatedAt")
    select format('citm%s', n), format('SKU-%s', n), 'Item', format('cacc%s', 1 + n % 20), now()
    from generate_series(1, ${many(20_000)}) n;
    insert into "Tag" ("id", "label", "accountId")
    select 1000 + n, format('tag %s', n), format('cacc%s', 1 + n % 20) from generate_series(1, 1000) n;
    select setval('"Tag_id_seq"', 10000);
    insert into "_ItemToTag" ("A", "B")
    select format('citm%s', n), 1000 + 1 + (n - 1) % 1000 from generate_series(1, ${many(20_000)}) n;
    insert into "StockMove" ("id", "itemId", "kind", "quantity")
    select format('cmov%s', n), format('citm%s', 1 + n % ${many(20_000)}), 'RECEIPT', n % 10
    from generate_series(1, ${many(60_000)}) n;`,
};

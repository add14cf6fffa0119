import type { Client } from 'pg';
import type { Fixture } from './application-world.ts';

/** What an application does all day, in its own statements, which know of no organization. */
export interface Program {
  /** Its tables whose rows belong to organizations. */
  readonly tables: readonly string[];
  /**
   * Writes rows and reads them back: it inserts, updates, moves and deletes, through each of its tables.
   * @param n another number each time
   * @param account the row of the table of organizations that the caller belongs to; the first that it sees when none is given
   * @throws when a statement fails, or answers something else than the application expects
   */
  work(client: Client, n: number, account?: string): Promise<void>;
  /** The row of the table of organizations that became the organization $1; undefined where there is no such table. */
  readonly accountOf: string | undefined;
  /** Creates another row that becomes an organization, where rows do, as the application does when somebody signs up. */
  readonly signUp: string | undefined;
  /** Statements that refer to a row of another organization. Each must fail. $1 is what {@link secret} answers there. */
  readonly reaching: readonly string[];
  /** The id of a row that another organization must not reach. */
  readonly secret: string;
}

async function one<Row>(client: Client, statement: string, values: unknown[] = []): Promise<Row> {
  const { rows } = await client.query(statement, values);
  if (rows.length !== 1) throw new Error(`${rows.length} rows from ${statement}`);
  return rows[0] as Row;
}

function expectSame(what: string, actual: unknown, expected: unknown): void {
  if (String(actual) !== String(expected)) throw new Error(`${what}: ${actual}, not ${expected}`);
}

const shop: Program = {
  tables: ['shop.customers', 'shop.products', 'shop.orders', 'shop.order_lines', 'shop.audit_log'],
  async work(client, n) {
    const customer = await one<{ id: number }>(
      client,
      `insert into shop.customers (email, full_name, country_code) values ($1, 'Somebody', 'FI') returning id`,
      [`somebody-${n}@example.com`],
    );
    const products = await client.query<{ id: number }>(
      `insert into shop.products (sku, name, price) values ($1, 'Pot', 12.5), ($2, 'Lid', 2) returning id`,
      [`POT-${n}`, `LID-${n}`],
    );
    const [pot, lid] = products.rows;
    const order = await one<{ id: string }>(
      client,
      'insert into shop.orders (number, customer_id) values ($1, $2) returning id',
      [`N-${n}`, customer.id],
    );
    await client.query(
      'insert into shop.order_lines (order_id, line, product_id, quantity, price) values ($1, 1, $2, 2, 12.5), ($1, 2, $3, 1, 2)',
      [order.id, pot?.id, lid?.id],
    );
    await client.query('update shop.customers set full_name = $2 where id = $1', [
      customer.id,
      `Somebody ${n}`,
    ]);
    await client.query(`insert into shop.audit_log (who, what) values ('till', '{"sold": true}')`);
    const open = await one<{ full_name: string; amount: string }>(
      client,
      'select full_name, amount from shop.open_orders where id = $1',
      [order.id],
    );
    expectSame('an open order', `${open.full_name} ${open.amount}`, `Somebody ${n} 27.00`);
    await client.query('delete from shop.products where id = $1', [lid?.id]);
    const { count } = await one<{ count: string }>(
      client,
      'select count(*) from shop.order_lines where order_id = $1 and product_id is null',
      [order.id],
    );
    expectSame('lines without a product', count, 1);
    await client.query(`update shop.orders set status = 'paid' where number = $1`, [`N-${n}`]);
    await client.query('delete from shop.orders where id = $1', [order.id]);
    await client.query('update shop.products set price = price + 1 where sku = $1', [`POT-${n}`]);
  },
  accountOf: undefined,
  signUp: undefined,
  secret: 'select min(id) as id from shop.customers',
  reaching: [
    `insert into shop.orders (number, customer_id) values ('stolen', $1)`,
    'update shop.orders set customer_id = $1',
  ],
};

const tracker: Program = {
  tables: [
    'accounts.workspaces',
    'accounts.people',
    'work.projects',
    'work.tasks',
    'work.labels',
    'work.task_labels',
    'work.task_watchers',
    'work.comments',
  ],
  async work(client, n, own) {
    const workspace = await one<{ id: string }>(
      client,
      'select id from accounts.workspaces where $1::uuid is null or id = $1 order by name limit 1',
      [own ?? null],
    );
    const insert = async (statement: string, values: unknown[]) =>
      (await one<{ id: string }>(client, `${statement} returning id`, values)).id;
    const person = await insert(
      `insert into accounts.people (workspace_id, email, display_name) values ($1, $2, 'Somebody')`,
      [workspace.id, `somebody-${n}@example.com`],
    );
    const project = await insert(
      'insert into work.projects (workspace_id, key, lead_id) values ($1, $2, $3)',
      [workspace.id, `P${n}`, person],
    );
    const task = await insert(`insert into work.tasks (project_id, title) values ($1, 'Whole')`, [project]);
    const part = await insert(`insert into work.tasks (parent_id, title) values ($1, 'Part')`, [task]);
    const label = await insert('insert into work.labels (workspace_id, name) values ($1, $2)', [
      workspace.id,
      `Label ${n}`,
    ]);
    await client.query('insert into work.task_labels (task_id, label_id) values ($1, $2)', [part, label]);
    await client.query('insert into work.task_watchers (task_id, person_id) values ($1, $2)', [part, person]);
    await client.query(`insert into work.comments (task_id, author_id, body) values ($1, $2, 'Done?')`, [
      part,
      person,
    ]);
    await client.query(`update work.tasks set state = 'done' where id = any ($1)`, [[task, part]]);
    const found = await one<{ title: string; name: string; body: string }>(
      client,
      `select t.title, l.name, c.body
       from work.tasks t
       join work.task_labels tl on tl.task_id = t.id
       join work.labels l on l.id = tl.label_id
       join work.comments c on c.task_id = t.id
       where t.parent_id = $1`,
      [task],
    );
    expectSame('a part of a task', `${found.title} ${found.name} ${found.body}`, `Part Label ${n} Done?`);
    await client.query('delete from accounts.people where id = $1', [person]);
    const left = await one<{ lead_id: string | null }>(
      client,
      'select lead_id from work.projects where id = $1',
      [project],
    );
    expectSame('the lead of a project', left.lead_id, null);
    await client.query('delete from work.projects where id = $1', [project]);
    const { count } = await one<{ count: string }>(client, 'select count(*) from work.tasks where id = $1', [
      part,
    ]);
    expectSame('parts of a deleted project', count, 0);
  },
  accountOf: 'select id from accounts.workspaces where org_id = $1',
  signUp: `insert into accounts.workspaces (name) values ('Café & Söhne')`,
  secret: 'select min(id::text)::uuid as id from work.tasks',
  reaching: [
    `insert into work.tasks (parent_id, title) values ($1, 'stolen')`,
    'update work.comments set task_id = $1',
  ],
};

const prisma: Program = {
  tables: ['"Account"', '"User"', '"Item"', '"Tag"', '"StockMove"', '"_ItemToTag"'],
  async work(client, n, own) {
    const account = await one<{ id: string }>(
      client,
      `SELECT "id" FROM "public"."Account" WHERE $1::text IS NULL OR "id" = $1 ORDER BY "id" LIMIT 1`,
      [own ?? null],
    );
    const item = await one<{ id: string }>(
      client,
      `INSERT INTO "public"."Item" ("id", "sku", "name", "accountId", "updatedAt") VALUES ($1, $2, 'Pot', $3, now()) RETURNING "id"`,
      [`citem${n}`, `POT-${n}`, account.id],
    );
    const tag = await one<{ id: number }>(
      client,
      `INSERT INTO "public"."Tag" ("label", "accountId") VALUES ($1, $2) RETURNING "id"`,
      [`tag ${n}`, account.id],
    );
    await client.query(
      `INSERT INTO "public"."_ItemToTag" ("A", "B") VALUES ($1, $2) ON CONFLICT DO NOTHING`,
      [item.id, tag.id],
    );
    await client.query(
      `INSERT INTO "public"."StockMove" ("id", "itemId", "kind", "quantity") VALUES ($1, $2, CAST('RECEIPT'::text AS "public"."MoveKind"), 5)`,
      [`cmove${n}`, item.id],
    );
    const found = await one<{ label: string; quantity: number }>(
      client,
      `SELECT t."label", m."quantity"
       FROM "public"."Item" i
       JOIN "public"."_ItemToTag" it ON it."A" = i."id"
       JOIN "public"."Tag" t ON t."id" = it."B"
       JOIN "public"."StockMove" m ON m."itemId" = i."id" AND m."kind" = 'RECEIPT'
       WHERE i."sku" = $1`,
      [`POT-${n}`],
    );
    expectSame('a tagged item', `${found.label} ${found.quantity}`, `tag ${n} 5`);
    await client.query(`UPDATE "public"."Item" SET "id" = $2 WHERE "id" = $1`, [item.id, `cmoved${n}`]);
    await client.query(`DELETE FROM "public"."StockMove" WHERE "itemId" = $1`, [`cmoved${n}`]);
    await client.query(`DELETE FROM "public"."Item" WHERE "id" = $1`, [`cmoved${n}`]);
  },
  accountOf: 'select "id" from "Account" where org_id = $1',
  signUp: `INSERT INTO "public"."Account" ("id", "name") VALUES ('cacc000000000000000000003', 'Café & Söhne')`,
  secret: `select min("id") as id from "Item"`,
  reaching: [
    `insert into "StockMove" ("id", "itemId", "kind", "quantity") values ('stolen', $1, 'ISSUE', 1)`,
    'update "StockMove" set "itemId" = $1',
  ],
};

export const programs: Readonly<Record<Fixture, Program>> = { shop, tracker, prisma };

import type { Client, ClientBase } from 'pg';

/** A movement as the old program lists it. */
export interface OldMovement {
  readonly id: string;
  readonly sku: string;
  readonly code: string;
  readonly quantity: number;
  readonly kind: string;
  readonly reference: string | null;
  readonly email: string | null;
}

/** What the program does to its database, in its own words. It knows nothing of organizations. */
export class OldProgram {
  readonly client: Client;

  constructor(client: Client) {
    this.client = client;
  }

  async addUser(email: string): Promise<string> {
    return await this.id('insert into inventory.users (email, name) values ($1, $1) returning id', [email]);
  }

  async addItem(sku: string): Promise<string> {
    return await this.id('insert into inventory.items (sku, name) values ($1, $1) returning id', [sku]);
  }

  /** As a nightly job does it that copies the catalogue of a supplier. */
  async copyItem(sku: string, name: string): Promise<void> {
    await this.client.query(
      `insert into inventory.items (sku, name, unit) values ($1, $2, 'box')
       on conflict (sku) do update set name = excluded.name, unit = excluded.unit`,
      [sku, name],
    );
  }

  async renameItem(sku: string, to: string): Promise<void> {
    await this.one('update inventory.items set sku = $2 where sku = $1', [sku, to]);
  }

  async deleteItem(sku: string): Promise<void> {
    await this.one('delete from inventory.items where sku = $1', [sku]);
  }

  async addLocation(code: string): Promise<string> {
    return await this.id('insert into inventory.locations (code, name) values ($1, $1) returning id', [code]);
  }

  async renameLocation(code: string, name: string): Promise<void> {
    await this.one('update inventory.locations set name = $2 where code = $1', [code, name]);
  }

  async deleteLocation(code: string): Promise<void> {
    await this.one('delete from inventory.locations where code = $1', [code]);
  }

  async deleteUser(email: string): Promise<void> {
    await this.one('delete from inventory.users where email = $1', [email]);
  }

  async receive(sku: string, code: string, quantity: number, email: string | null = null): Promise<string> {
    return await this.move(sku, code, quantity, 'receipt', 'PO', email);
  }

  /** Locks the item and looks whether there is enough first, as programs without balances must. */
  async issue(sku: string, code: string, quantity: number): Promise<void> {
    await this.inTransaction(async () => {
      await this.client.query('select id from inventory.items where sku = $1 for update', [sku]);
      if ((await this.stock(sku, code)) < quantity) throw new Error(`not enough of ${sku} at ${code}`);
      await this.move(sku, code, -quantity, 'issue', null, null);
    });
  }

  /** Two movements in one transaction. */
  async transfer(sku: string, from: string, to: string, quantity: number, reference: string): Promise<void> {
    await this.inTransaction(async () => {
      await this.move(sku, from, -quantity, 'transfer', reference, null);
      await this.move(sku, to, quantity, 'transfer', reference, null);
    });
  }

  /** Somebody typed a wrong quantity, and the program overwrites it. */
  async correct(movement: string, quantity: number): Promise<void> {
    await this.one('update inventory.movements set quantity = $2 where id = $1', [movement, quantity]);
  }

  async remove(movement: string): Promise<void> {
    await this.one('delete from inventory.movements where id = $1', [movement]);
  }

  async stock(sku: string, code: string): Promise<number> {
    const { rows } = await this.client.query(
      `select coalesce(sum(m.quantity), 0)::float8 as stock
       from inventory.movements m
       join inventory.items i on i.id = m.item_id
       join inventory.locations l on l.id = m.location_id
       where i.sku = $1 and l.code = $2`,
      [sku, code],
    );
    return rows[0].stock;
  }

  /** Everything on hand: `sku at code`, without zeros. */
  async report(): Promise<Record<string, number>> {
    const { rows } = await this.client.query(
      `select i.sku || ' at ' || l.code as key, sum(m.quantity)::float8 as stock
       from inventory.movements m
       join inventory.items i on i.id = m.item_id
       join inventory.locations l on l.id = m.location_id
       group by 1
       having sum(m.quantity) <> 0
       order by 1`,
    );
    return Object.fromEntries(rows.map(({ key, stock }) => [key, stock]));
  }

  async movements(sku: string): Promise<OldMovement[]> {
    const { rows } = await this.client.query(
      `select m.id, i.sku, l.code, m.quantity::float8 as quantity, m.kind, m.reference, u.email
       from inventory.movements m
       join inventory.items i on i.id = m.item_id
       join inventory.locations l on l.id = m.location_id
       left join inventory.users u on u.id = m.user_id
       where i.sku = $1
       order by m.occurred_at, m.id`,
      [sku],
    );
    return rows;
  }

  /** What a report does on the way: a setting, a lock by number and a table of its own. */
  async closeMonth(): Promise<number> {
    return await this.inTransaction(async () => {
      await this.client.query(`select set_config('shop.month', '2026-11', true), pg_advisory_xact_lock(42)`);
      await this.client.query(
        'create temporary table closing on commit drop as select item_id, sum(quantity) from inventory.movements group by 1',
      );
      const { rows } = await this.client.query('select count(*)::int as count from closing');
      return rows[0].count;
    });
  }

  async end(): Promise<void> {
    await this.client.end();
  }

  private async move(
    sku: string,
    code: string,
    quantity: number,
    kind: string,
    reference: string | null,
    email: string | null,
  ): Promise<string> {
    return await this.id(
      `insert into inventory.movements (item_id, location_id, quantity, kind, reference, user_id)
       select i.id, l.id, $3, $4, $5, (select id from inventory.users where email = $6)
       from inventory.items i
       cross join inventory.locations l
       where i.sku = $1 and l.code = $2
       returning id`,
      [sku, code, quantity, kind, reference, email],
    );
  }

  private async id(statement: string, values: unknown[]): Promise<string> {
    const { rows } = await this.client.query<{ id: string }>(statement, values);
    if (!rows[0]) throw new Error(`no row from ${statement}`);
    return rows[0].id;
  }

  private async one(statement: string, values: unknown[]): Promise<void> {
    const { rowCount } = await this.client.query(statement, values);
    if (rowCount !== 1) throw new Error(`${rowCount} rows instead of one: ${statement}`);
  }

  private async inTransaction<T>(work: () => Promise<T>): Promise<T> {
    const client: ClientBase = this.client;
    await client.query('begin');
    try {
      const result = await work();
      await client.query('commit');
      return result;
    } catch (error) {
      await client.query('rollback').catch(() => {});
      throw error;
    }
  }
}

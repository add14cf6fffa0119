import type { Client } from 'pg';
import { beforeAll, beforeEach } from 'vitest';
import { type Caller, openWorld, type World } from '#tests/world.ts';

/** A world in which there is something to tidy. Each test begins with nothing of it, and only its own organizations work. */
export interface TidyWorld {
  readonly world: World;
  readonly superuser: Client;
  readonly jobs: Client;
  /** Idempotency keys that were made so long ago; their names begin with `prefix` and are in order. */
  addKeys(of: Caller, count: number, interval: string, prefix?: string): Promise<void>;
  /** Security events that were so long ago. */
  addEvents(of: Caller, count: number, interval: string): Promise<void>;
  /** How many keys there are. */
  keysOf(of: Caller): Promise<number>;
  eventsOf(of: Caller): Promise<number>;
}

export function openTidyWorld(): TidyWorld {
  const world = openWorld();
  let superuser: Client;
  let jobs: Client;
  beforeAll(async () => {
    superuser = await world.superuser();
    jobs = await world.connect('stockade_jobs');
  });
  beforeEach(async () => {
    await superuser.query('truncate inventory.idempotency_keys, tenancy.security_events');
    await superuser.query("update tenancy.organizations set status = 'suspended'");
  });

  async function kept(table: string, { id }: Caller): Promise<number> {
    const { rows } = await superuser.query(`select count(*)::int as n from ${table} where org_id = $1`, [id]);
    return rows[0].n;
  }
  return {
    world,
    get superuser() {
      return superuser;
    },
    get jobs() {
      return jobs;
    },
    async addKeys({ id }, count, interval, prefix = 'key-') {
      await superuser.query(
        `insert into inventory.idempotency_keys (org_id, key, fingerprint, created_at)
         select $1, $4 || lpad(n::text, 6, '0'), sha256(n::text::bytea), now() - $3::interval
         from generate_series(1, $2) as n`,
        [id, count, interval, prefix],
      );
    },
    async addEvents({ id }, count, interval) {
      await superuser.query(
        `insert into tenancy.security_events (org_id, minute, kind, actor, named, first_request_id)
         select $1, date_trunc('minute', now() - $3::interval) - (n / 3) * interval '1 minute',
           'organization_mismatch', 'key:a', 'other-' || n, 'r'
         from generate_series(1, $2) as n`,
        [id, count, interval],
      );
    },
    keysOf: (of) => kept('inventory.idempotency_keys', of),
    eventsOf: (of) => kept('tenancy.security_events', of),
  };
}

import type { Client } from 'pg';
import { beforeAll, describe, expect, test } from 'vitest';
import { Unavailable } from '#platform/errors.ts';
import { openWorld } from '#tests/world.ts';
import { parseApiKey } from './credentials/api-keys.ts';
import { inOrganizationAsJob } from './job-transaction.ts';
import { inTenant, queryInTenant } from './scope.ts';
import type { Tenant } from './tenant.ts';
import type { TransactionMode } from './transaction/entering.ts';

const world = openWorld();
let tenant: Tenant;
let orgId: string;
let jobs: Client;

beforeAll(async () => {
  const acme = await world.createOrganization();
  orgId = acme.id;
  tenant = { credentials: { key: parseApiKey(acme.apiKey, 'test'), selectors: [] }, scope: 'write' };
  const superuser = await world.superuser();
  await superuser.query(`
    create schema planted;
    grant usage on schema planted to public;
    create sequence planted.calls;
    -- Fails with a SQLSTATE the first so many times it is called. No rollback takes back what a sequence has counted.
    create function planted.fail(state text, times int) returns bigint language plpgsql security definer as $$
    declare
      n bigint := nextval('planted.calls');
    begin
      if n <= times then raise exception 'planted' using errcode = state; end if;
      return n;
    end
    $$;
    create function planted.refuse(state text, attempt int, times int) returns int language plpgsql as $$
    begin
      if attempt <= times then raise exception 'planted' using errcode = state; end if;
      return attempt;
    end
    $$;
    create function planted.die() returns void language plpgsql security definer as $$
    begin
      perform nextval('planted.calls');
      perform pg_terminate_backend(pg_backend_pid());
    end
    $$;
    create table planted.notes (n bigint);
    grant insert on planted.notes to stockade_api, stockade_jobs;
    create function planted.refuse_commit() returns trigger language plpgsql security definer as $$
    begin
      perform planted.fail('40001', 1);
      return null;
    end
    $$;
    create constraint trigger at_commit after insert on planted.notes deferrable initially deferred
      for each row execute function planted.refuse_commit();
  `);
  jobs = await world.connect('stockade_jobs');
  // The first use of a key is noted after the request, in a transaction of its own.
  await queryInTenant(tenant, 'read', 'select');
});

/** Counts the attempts from here on. */
async function counting(): Promise<() => Promise<number>> {
  const superuser = await world.superuser();
  await superuser.query('alter sequence planted.calls restart');
  return async () => {
    const { rows } = await superuser.query(
      'select case when is_called then last_value else 0 end::int as n from planted.calls',
    );
    return rows[0].n;
  };
}

const ofTenant = (mode: TransactionMode, text: string) => queryInTenant(tenant, mode, text);
const failing = (state: string, times: number) => `select planted.fail('${state}', ${times})::int as n`;

describe("a tenant's request", () => {
  const modes = ['read', 'write', 'dry-run'] as const;
  const ways = ['one statement', 'a callback'] as const;
  test.each(modes.flatMap((mode) => ways.map((way) => [mode, way] as const)))(
    '%s, %s: a lost race is run again three times, and then reported',
    async (mode, way) => {
      const attempt = async (state: string, times: number) => {
        let calls = 0;
        // `pg` asks for the value at every attempt. A read counts nothing in the database.
        const number = { toPostgres: () => (calls += 1) };
        const [text, values] = ['select planted.refuse($1, $2, $3) as n', [state, number, times]];
        const outcome = await (way === 'one statement'
          ? queryInTenant(tenant, mode, text, values)
          : inTenant(tenant, mode, (tx) => tx.query(text, values))
        ).catch(({ code }: { code: string }) => code);
        return { calls, outcome };
      };
      for (const state of ['40001', '40P01']) {
        expect(await attempt(state, 3)).toEqual({ calls: 4, outcome: [{ n: 4 }] });
        expect(await attempt(state, 4)).toEqual({ calls: 4, outcome: state });
      }
    },
  );

  test.each(['55P03', '57014', '23505', '22003', 'SK106', 'SK201', 'SK200', '08006'])(
    '%s is no lost race: it is reported at once',
    async (state) => {
      const calls = await counting();
      await expect(ofTenant('write', failing(state, 1))).rejects.toMatchObject({ code: state });
      expect(await calls()).toBe(1);
    },
  );

  test('a connection that is lost is never tried again: nobody knows what took effect', async () => {
    const calls = await counting();
    await expect(ofTenant('write', 'select planted.die()')).rejects.toThrow(Unavailable);
    expect(await calls()).toBe(1);
    expect(await ofTenant('read', 'select 1 as n')).toEqual([{ n: 1 }]);
  });

  test.each(ways)('a commit that is refused for a lost race is run again: %s', async (way) => {
    const calls = await counting();
    const insert = 'insert into planted.notes values (1)';
    if (way === 'one statement') await queryInTenant(tenant, 'write', insert);
    else await inTenant(tenant, 'write', (tx) => tx.query(insert));
    expect(await calls()).toBe(2);
  });

  test.each(modes)('%s: a failure that the callback swallows is reported all the same', async (mode) => {
    const swallowing = inTenant(tenant, mode, async (tx) => {
      await tx.query('select 1 / 0').catch(() => {});
      return 'posted';
    });
    await expect(swallowing).rejects.toMatchObject({ code: '22012' });
  });
});

describe('a statement of a job', () => {
  const ofJob = (text: string, mode: 'read' | 'write' = 'write') =>
    inOrganizationAsJob(jobs, orgId, mode, { text });

  test.each(['40001', '40P01', 'SK201', '23503'])(
    '%s is run again four times, and then reported',
    async (state) => {
      await counting();
      expect(await ofJob(failing(state, 4))).toEqual([{ n: 5 }]);
      const calls = await counting();
      await expect(ofJob(failing(state, 5))).rejects.toMatchObject({ code: state });
      expect(await calls()).toBe(5);
      expect(await ofJob('select 1 as n', 'read')).toEqual([{ n: 1 }]);
    },
  );

  test.each(['55P03', '57014', '23505', 'SK202', '42P01'])('%s is reported at once', async (state) => {
    const calls = await counting();
    await expect(ofJob(failing(state, 1))).rejects.toMatchObject({ code: state });
    expect(await calls()).toBe(1);
    expect(await ofJob('select 1 as n', 'read')).toEqual([{ n: 1 }]);
  });

  test('a read writes nothing, a write stays', async () => {
    await expect(ofJob('insert into planted.notes values (2)', 'read')).rejects.toMatchObject({
      code: '25006',
    });
    await counting();
    await ofJob('insert into planted.notes values (3)');
    const superuser = await world.superuser();
    expect((await superuser.query('select count(*)::int as n from planted.notes where n = 3')).rows).toEqual([
      { n: 1 },
    ]);
  });

  test('a connection that is lost says why it was lost, and is not tried again', async () => {
    const mine = await world.connect('stockade_jobs');
    const calls = await counting();
    await expect(
      inOrganizationAsJob(mine, orgId, 'write', { text: 'select planted.die()' }),
    ).rejects.toMatchObject({ code: '57P01' });
    expect(await calls()).toBe(1);
  });
});

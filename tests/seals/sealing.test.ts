import { Client } from 'pg';
import { expect, test } from 'vitest';
import { anchorKey } from '#audit/seals/anchor-key.ts';
import { drawBoundary } from '#audit/seals/boundary.ts';
import { sealOrganization } from '#audit/seals/seal-organization.ts';
import { loginUrl } from '#scripts/local/logins.ts';
import { parseApiKey } from '#tenancy/credentials/api-keys.ts';
import { deadlocksIn } from '#tests/deadlocks.ts';
import type { Caller } from '#tests/world.ts';
import { openSealedWorld } from './sealed-world.ts';

const sealed = openSealedWorld();
const { world, aws, organization, post, seal, verify } = sealed;

/** A posting held open: it has written its entry and does not end. */
async function openPosting(tenant: Caller) {
  const client = new Client(loginUrl(world.adminUrl, 'stockade_api'));
  await client.connect();
  const key = parseApiKey(tenant.apiKey, 'test');
  await client.query('begin');
  await client.query('call tenancy.enter_with_key($1, $2, $3, $4)', [
    key?.keyId,
    key?.secretDigest,
    'write',
    [],
  ]);
  const { rows } = await client.query('select inventory.post_entry($1) as entry', [
    { kind: 'receipt', lines: [{ sku: 'A', location: 'MAIN', quantity: 1 }] },
  ]);
  return {
    entryId: rows[0].entry.entryId as string,
    async end(how: 'commit' | 'rollback') {
      await client.query(how);
      await client.end();
    },
  };
}

test('movements are sealed, chained and anchored, and the ledger verifies', async () => {
  const tenant = await organization();
  await post(tenant, 5);
  const first = await seal(tenant);
  expect(first).toMatchObject({ seals: [{ seq: 1, movements: 5, closings: 4 }], anchoring: { anchored: 1 } });
  await post(tenant, 2);
  const second = await seal(tenant);
  expect(second.sealed).toMatchObject({
    seq: 2,
    movements: 2,
    previousHash: first.sealed?.hash,
    afterEntry: first.sealed?.boundary,
  });
  expect(aws.evidenceKeys()).toEqual(
    expect.arrayContaining([anchorKey(tenant.id, 1), anchorKey(tenant.id, 2)]),
  );
  expect(await seal(tenant)).toEqual({ seals: [], reason: 'nothing-new', anchoring: { anchored: 0 } });
  await post(tenant, 1);
  expect(await verify(tenant)).toEqual({
    ok: true,
    seals: 2,
    movements: 7,
    unsealed: 1,
    anchors: { status: 'compared', compared: 2, unanchored: 0 },
    olderSeals: [],
    faultCount: 0,
    faults: [],
  });
});

test('an organization that has posted nothing has nothing to seal', async () => {
  const tenant = await organization();
  expect(await seal(tenant)).toMatchObject({ seals: [], reason: 'nothing-new' });
  expect(await verify(tenant)).toMatchObject({ ok: true, seals: 0, movements: 0 });
});

test('much is sealed in several seals in a row, each of whole entries', async () => {
  const tenant = await organization();
  const line = { sku: 'A', location: 'MAIN', quantity: 1 };
  for (let n = 0; n < 5; n += 1) await tenant.post('receipt', line, line, line);
  const { seals } = await seal(tenant, { mostMovements: 4 });
  expect(seals.map(({ movements }) => movements)).toEqual([6, 6, 3]);
  expect(await verify(tenant)).toMatchObject({ ok: true, movements: 15 });
});

test('trees of every size up to four, and around a page and two, verify', async () => {
  const tenant = await organization();
  const line = { sku: 'A', location: 'MAIN', quantity: 1 };
  for (const lines of [1, 2, 3, 4, 5, 1000]) await tenant.post('receipt', ...Array(lines).fill(line));
  const sizes = [];
  for (const { movements } of (await seal(tenant, { mostMovements: 1 })).seals) sizes.push(movements);
  expect(sizes).toEqual([1, 2, 3, 4, 5, 1000]);
  for (const lines of [
    [1000, 23],
    [1000, 24],
    [1000, 25],
    [1000, 1000, 48],
    [1000, 1000, 49],
  ]) {
    for (const count of lines) await tenant.post('receipt', ...Array(count).fill(line));
    expect((await seal(tenant)).sealed?.movements).toBe(lines.reduce((sum, count) => sum + count));
  }
  expect(await verify(tenant)).toMatchObject({ ok: true, seals: 11 });
}, 60_000);

test('a posting that is under way while a boundary is drawn is in the next seal, not lost behind this one', async () => {
  const tenant = await organization();
  const late = await openPosting(tenant);
  const [newer = ''] = await post(tenant, 1);
  // Its id is older than one that is committed already: to seal up to the newest committed id would pass over it.
  expect(late.entryId < newer).toBe(true);

  const meanwhile = await seal(tenant, { patienceMs: 300 });
  await late.end('commit');
  await post(tenant, 1);
  await seal(tenant);

  expect(meanwhile.seals).toEqual([]);
  expect(meanwhile.reason).toBe('busy');
  expect(await verify(tenant)).toMatchObject({ ok: true, movements: 3, unsealed: 0 });
}, 30_000);

test('while a boundary waits for a seal that is being made, nobody who posts waits for either', async () => {
  const tenant = await organization();
  await post(tenant, 1);
  await seal(tenant);
  const [sealer, drawer] = [await world.superuser(), await world.connect('stockade_jobs')];
  const { superuser } = sealed;
  const setPatience = (time: string) =>
    superuser.query(`alter function inventory.draw_seal_boundary() set lock_timeout = '${time}'`);
  // Long enough to see whom it keeps waiting in the meantime.
  await setPatience('60s');
  try {
    await sealer.query('begin');
    await sealer.query('select from inventory.seal_boundaries where org_id = $1 for update', [tenant.id]);
    const drawing = drawBoundary(drawer, tenant.id);
    const { processID } = drawer as unknown as { processID: number };
    const waiting = () =>
      superuser.query(`select from pg_stat_activity where pid = $1 and wait_event_type = 'Lock'`, [
        processID,
      ]);
    await expect.poll(async () => (await waiting()).rowCount, { interval: 20, timeout: 10_000 }).toBe(1);
    await post(tenant, 1);
    await sealer.query('commit');
    expect(await drawing).toBe(true);
  } finally {
    await setPatience('25ms');
  }
  expect(await seal(tenant)).toMatchObject({ sealed: { movements: 1 } });
});

test('the same with a posting that is undone', async () => {
  const tenant = await organization();
  const undone = await openPosting(tenant);
  await post(tenant, 1);
  await undone.end('rollback');
  expect(await seal(tenant)).toMatchObject({ seals: [{ movements: 1 }] });
  expect(await verify(tenant)).toMatchObject({ ok: true, movements: 1 });
});

test('an id that was drawn before a boundary and written after it is refused, to be posted again', async () => {
  const tenant = await organization();
  const jobs = await world.connect('stockade_jobs');
  const superuser = await world.superuser();
  const early = (await superuser.query('select inventory.new_id() as id')).rows[0].id;
  await post(tenant, 1);
  await seal(tenant);
  await jobs.query('begin');
  await jobs.query('select tenancy.enter_as_job($1)', [tenant.id]);
  await jobs.query('commit');

  const write = async (isolation: string, id: string) => {
    await superuser.query(`begin isolation level ${isolation}`);
    try {
      await superuser.query('select tenancy.enter_as_job($1)', [tenant.id]);
      await superuser.query('set local role stockade_owner');
      await superuser.query(
        `with entry as (
           insert into inventory.entries (org_id, id, kind, occurred_at, recorded_at, actor)
           values ($1, $2, 'receipt', now(), now(), 'job') returning *
         )
         insert into inventory.movements (org_id, entry_id, line, item_id, location_id, quantity, occurred_at, recorded_at)
         select e.org_id, e.id, 1, i.id, l.id, 1, e.occurred_at, e.recorded_at
         from entry e
         join inventory.items i on i.org_id = e.org_id and i.sku = 'A'
         join inventory.locations l on l.org_id = e.org_id and l.code = 'MAIN'`,
        [tenant.id, id],
      );
      return 'written';
    } catch (error) {
      return (error as { code: string }).code;
    } finally {
      await superuser.query('rollback');
    }
  };
  expect(await write('read committed', early)).toBe('40001');
  const now = (await superuser.query('select inventory.new_id() as id')).rows[0].id;
  expect(await write('read committed', now)).toBe('written');
  // A snapshot from before the boundary would not show it.
  expect(await write('repeatable read', now)).toBe('25001');
  expect(await write('serializable', now)).toBe('25001');
});

test('what was recorded before a boundary settled cannot come after it, whatever its id', async () => {
  const tenant = await organization();
  await post(tenant, 1);
  await seal(tenant);
  const superuser = await world.superuser();
  await superuser.query('begin');
  await superuser.query('select tenancy.enter_as_job($1)', [tenant.id]);
  await superuser.query('set local role stockade_owner');
  const writing = superuser.query(
    `with entry as (
       insert into inventory.entries (org_id, id, kind, occurred_at, recorded_at, actor)
       values ($1, inventory.new_id(), 'receipt', now(), now() - interval '1 hour', 'job') returning *
     )
     insert into inventory.movements (org_id, entry_id, line, item_id, location_id, quantity, occurred_at, recorded_at)
     select e.org_id, e.id, 1, i.id, l.id, 1, e.occurred_at, e.recorded_at
     from entry e
     join inventory.items i on i.org_id = e.org_id and i.sku = 'A'
     join inventory.locations l on l.org_id = e.org_id and l.code = 'MAIN'`,
    [tenant.id],
  );
  await expect(writing).rejects.toMatchObject({ code: '40001' });
  await superuser.query('rollback');
});

test('eight connections write while the ledger is sealed over and over: nothing is lost, nobody fails, nobody deadlocks', async () => {
  const tenant = await organization();
  const writersDone = new AbortController();
  const write = async (writer: number) => {
    for (let n = 0; n < 60; n += 1) {
      const transfer = n % 3 === 2;
      const answer = await tenant.request(
        'POST',
        transfer ? '/v1/transfers' : '/v1/movements',
        transfer
          ? { from: 'MAIN', to: 'SHOP', lines: [{ sku: writer % 2 ? 'A' : 'B', quantity: 0.5 }] }
          : {
              kind: 'receipt',
              occurredAt: n % 2 ? '2020-01-01T00:00:00Z' : undefined,
              lines: [
                { sku: 'A', location: 'MAIN', quantity: 1 },
                { sku: 'B', location: 'MAIN', quantity: 1 },
              ],
            },
      );
      expect([answer.status, answer.body]).toEqual([201, expect.anything()]);
    }
  };
  const sealing = (async () => {
    const made = [];
    while (!writersDone.signal.aborted) made.push(...(await seal(tenant)).seals);
    return made;
  })();
  await Promise.all(Array.from({ length: 8 }, (_, writer) => write(writer)));
  writersDone.abort();
  const made = await sealing;
  await seal(tenant);

  expect(made.length).toBeGreaterThan(1);
  expect(await verify(tenant)).toMatchObject({ ok: true, movements: 8 * 60 * 2, unsealed: 0 });
  expect(await deadlocksIn(world.adminUrl)).toBe(0);
}, 120_000);

test('two sealers at once make one chain', async () => {
  const tenant = await organization();
  await post(tenant, 12);
  const second = await world.connect('stockade_jobs');
  const [one, other] = await Promise.all([
    seal(tenant, { mostMovements: 2 }),
    sealOrganization(second, tenant.id, { mostMovements: 2 }),
  ]);
  const seqs = [...one.seals, ...other.seals].map(({ seq }) => seq).sort((a, b) => a - b);
  expect(seqs).toEqual([1, 2, 3, 4, 5, 6]);
  expect(await verify(tenant)).toMatchObject({ ok: true, movements: 12 });
}, 30_000);

test('a bucket that does not answer keeps nobody waiting, and the next run anchors what is left', async () => {
  const tenant = await organization();
  await post(tenant, 1);
  const bucket = process.env.STOCKADE_EVIDENCE_BUCKET;
  delete process.env.STOCKADE_EVIDENCE_BUCKET;
  const unset = await seal(tenant);
  process.env.STOCKADE_EVIDENCE_BUCKET = bucket;
  expect(unset).toMatchObject({
    seals: [{ seq: 1 }],
    anchoring: { anchored: 0, failure: { code: 'not_configured' } },
  });
  expect(await verify(tenant)).toMatchObject({ ok: true, anchors: { compared: 0, unanchored: 1 } });

  await post(tenant, 1);
  expect(await seal(tenant)).toMatchObject({ seals: [{ seq: 2 }], anchoring: { anchored: 2 } });
  expect(await verify(tenant)).toMatchObject({ ok: true, anchors: { compared: 2, unanchored: 0 } });
});

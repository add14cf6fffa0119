import { expect, test } from 'vitest';
import { anchorKey } from '#audit/seals/anchor-key.ts';
import { killWhen, untilGone } from '#tests/commands/kill.ts';
import type { Caller } from '#tests/world.ts';
import { openSealedWorld } from './sealed-world.ts';

const sealed = openSealedWorld();
const { world, aws, organization, post, seal, verify } = sealed;

/** Runs `npm run seal` up to where it writes to a table, and kills it there. */
async function killedBefore(table: string, tenant: Caller): Promise<void> {
  const holder = await world.superuser();
  await holder.query('begin');
  await holder.query(`lock table ${table} in share mode`);
  await killWhen(
    { script: 'ledger/seal.ts', args: ['--org', tenant.slug], adminUrl: world.adminUrl },
    async () => {
      const { rowCount } = await sealed.superuser.query(
        `select from pg_locks l join pg_database d on d.oid = l.database
       where d.datname = current_database() and l.relation = $1::regclass and not l.granted`,
        [table],
      );
      expect(rowCount).toBe(1);
    },
  );
  await holder.query('rollback');
  await untilGone(sealed.superuser);
}

async function state(tenant: Caller) {
  const { rows } = await sealed.superuser.query(
    `select
       (select count(*)::int from inventory.seal_boundaries where org_id = $1) as drawn,
       (select count(*)::int from inventory.seals where org_id = $1) as seals,
       (select count(*)::int from inventory.seal_anchors where org_id = $1) as anchors`,
    [tenant.id],
  );
  return rows[0];
}

test('a sealer that is killed between the boundary and the seal leaves a boundary that the next one seals up to', async () => {
  const tenant = await organization();
  await post(tenant, 3);
  await killedBefore('inventory.seals', tenant);
  expect(await state(tenant)).toEqual({ drawn: 1, seals: 0, anchors: 0 });
  await post(tenant, 2);
  // What was posted meanwhile is sealed as well.
  expect(await seal(tenant)).toMatchObject({ seals: [{ seq: 1, movements: 5 }] });
  expect(await verify(tenant)).toMatchObject({ ok: true, movements: 5 });
}, 60_000);

test('the boundary alone is sealed when nothing else was posted since', async () => {
  const tenant = await organization();
  await post(tenant, 3);
  await killedBefore('inventory.seals', tenant);
  expect(await state(tenant)).toEqual({ drawn: 1, seals: 0, anchors: 0 });
  expect(await seal(tenant)).toMatchObject({ seals: [{ seq: 1, movements: 3 }] });
  expect(await verify(tenant)).toMatchObject({ ok: true, movements: 3 });
}, 60_000);

test('a sealer that is killed between the seal and its anchor leaves a seal that the next one anchors', async () => {
  const tenant = await organization();
  await post(tenant, 3);
  await killedBefore('inventory.seal_anchors', tenant);
  // It was written down, and nobody noted that.
  expect(aws.evidenceKeys().filter((key) => key.includes(tenant.id))).toEqual([anchorKey(tenant.id, 1)]);
  expect(await state(tenant)).toEqual({ drawn: 1, seals: 1, anchors: 0 });
  expect(await verify(tenant)).toMatchObject({ ok: true, anchors: { compared: 1 } });
  expect(await seal(tenant)).toMatchObject({ seals: [], reason: 'nothing-new', anchoring: { anchored: 1 } });
  expect(await verify(tenant)).toMatchObject({ ok: true, anchors: { compared: 1, unanchored: 0 } });
}, 60_000);

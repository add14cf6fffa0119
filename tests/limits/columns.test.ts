import { expect, test } from 'vitest';
import { openWorld } from '#tests/world.ts';

const world = openWorld();

/** Figures of what was found, which may be what no balance can hold. */
const reported = /^inventory\.discrepancies\.(stored|computed)_/;

test('every instant and every quantity of a tenant has its bounds, also those of tables to come', async () => {
  const superuser = await world.superuser();
  const { rows } = await superuser.query<{ name: string; type: string; checks: string }>(
    `select c.oid::regclass || '.' || a.attname as name, a.atttypid::regtype::text as type,
       coalesce(string_agg(pg_get_constraintdef(k.oid), ' '), '') as checks
     from pg_class c
     join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
     left join pg_constraint k on k.conrelid = c.oid and k.contype = 'c' and k.convalidated and a.attnum = any (k.conkey)
     where obj_description(c.oid, 'pg_class') like 'Tenant data%'
       and a.atttypid in ('timestamptz'::regtype, 'numeric'::regtype)
     group by c.oid, a.attname, a.atttypid
     order by 1`,
  );
  const unbounded = rows.filter(({ name, type, checks }) =>
    type === 'numeric'
      ? !checks.includes("<> 'NaN'") && !reported.test(name)
      : !checks.includes('is_instant('),
  );
  expect(rows.length).toBeGreaterThan(30);
  expect(unbounded).toEqual([]);
});

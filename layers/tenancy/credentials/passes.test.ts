import { createHmac } from 'node:crypto';
import { expect, test } from 'vitest';
import { openWorld } from '#tests/world.ts';
import { mintPass } from './passes.ts';

const world = openWorld();
const key = { id: 'k1', secret: Buffer.from('0123456789abcdef0123456789abcdef') };
const email = 'ada@example.com';

test('a pass names its user and ends after a minute, and its MAC covers both', () => {
  const text = 'k1|1000060|ada@example.com';
  const mac = createHmac('sha256', key.secret).update(text).digest('hex');
  for (const nowMs of [1_000_000_000, 1_000_000_999])
    expect(mintPass(email, key, nowMs)).toBe(`${text}|${mac}`);
  expect(Number(mintPass(email, key).split('|')[1])).toBeCloseTo(Date.now() / 1000 + 60, -1);
});

test('the database lets in the user of a pass, unless it is altered, too old or signed with another key', async () => {
  const acme = await world.createOrganization();
  await world.join(email, acme, 'clerk');
  await (await world.connect('stockade_admin')).query('select tenancy.set_pass_key($1, $2)', [
    key.id,
    key.secret,
  ]);
  const api = await world.connect('stockade_api');
  const enter = async (pass: string): Promise<string> => {
    await api.query('begin');
    try {
      await api.query('call tenancy.enter_with_pass($1, $2, $3)', [pass, 'write', []]);
      return (await api.query('select tenancy.current_org() as id')).rows[0].id;
    } catch (error) {
      return (error as { code: string }).code;
    } finally {
      await api.query('rollback');
    }
  };

  const pass = mintPass(email, key);
  expect(await enter(pass)).toBe(acme.id);
  expect(await enter(mintPass(email, key, Date.now() - 50_000))).toBe(acme.id);
  for (const bad of [
    mintPass(email, key, Date.now() - 61_000),
    mintPass(email, { ...key, secret: Buffer.alloc(32) }),
    mintPass(email, { ...key, id: 'k2' }),
    mintPass('eve@example.com', key).replace('eve@', 'ada@'),
    pass.replace(/\|(\d+)\|/, (_, expiry) => `|${Number(expiry) + 60}|`),
    pass.slice(0, -1),
    `${pass}|`,
    '',
  ]) {
    expect([bad, await enter(bad)]).toEqual([bad, 'SK101']);
  }
});

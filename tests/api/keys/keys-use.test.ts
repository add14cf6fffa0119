import { describe, expect, test } from 'vitest';
import { parseApiKey } from '#tenancy/credentials/api-keys.ts';
import { openKeyWorld } from './key-requests.ts';

const world = openKeyWorld();

describe('last used', () => {
  const lastUsedAt = async (id: string): Promise<string | null> => (await world.listed(id)).lastUsedAt;

  test("is noted by reads too, once a minute and key however many requests there are, in no request's round trip", async () => {
    const { id, key } = await world.createKey();
    await world.root.query(`
      create table public.notes (key_id text);
      create function public.count_note() returns trigger language plpgsql security definer as
        $$ begin insert into public.notes values (new.key_id); return null; end $$;
      create trigger count_note after update on tenancy.api_keys
        for each row when (new.last_used_at is distinct from old.last_used_at) execute function public.count_note();
    `);
    expect(await lastUsedAt(id)).toBeNull();
    const startedAt = Date.now();
    await Promise.all(Array.from({ length: 30 }, () => world.ask(key)));
    await expect.poll(() => lastUsedAt(id)).not.toBeNull();
    const noted = await lastUsedAt(id);
    expect(Math.abs(Date.parse(noted ?? '') - startedAt)).toBeLessThan(30_000);
    // A process that has not noted it lately, and asks: the database has.
    await Promise.all(Array.from({ length: 10 }, () => noteAgain(key)));
    const { rows } = await world.root.query('select key_id from public.notes where key_id = $1', [id]);
    expect(rows).toEqual([{ key_id: id }]);

    // Once it is noted a request is what it was: one round trip, the entering and the read.
    world.wire.forget();
    await world.ask(key);
    expect(world.wire.exchanges()).toEqual([
      {
        statements: [
          expect.stringContaining('tenancy.enter_with_key'),
          'select inventory.list_items($1, $2, $3) as entry',
        ],
        roundTrips: 1,
      },
    ]);

    await world.root.query(
      `update tenancy.api_keys set last_used_at = now() - interval '61 seconds' where key_id = $1`,
      [id],
    );
    await noteAgain(key);
    expect(Date.parse((await lastUsedAt(id)) ?? '')).toBeGreaterThanOrEqual(Date.parse(noted ?? ''));
  });

  async function noteAgain(key: string): Promise<void> {
    const api = await world.connect('stockade_api');
    const parsed = parseApiKey(key, 'test');
    await api.query('begin');
    await api.query('call tenancy.enter_with_key($1, $2, $3, $4)', [
      parsed?.keyId,
      parsed?.secretDigest,
      'read',
      [],
    ]);
    await api.query('select tenancy.note_key_use()');
    await api.query('commit');
  }

  test('without having entered nothing can be noted', async () => {
    const api = await world.connect('stockade_api');
    await expect(api.query('select tenancy.note_key_use()')).rejects.toMatchObject({ code: 'SK902' });
  });
});

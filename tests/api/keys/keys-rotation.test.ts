import { describe, expect, test } from 'vitest';
import { holdLock } from '../held-lock.ts';
import { idOf, openKeyWorld, outcome } from './key-requests.ts';

const world = openKeyWorld();

describe('rotate', () => {
  const rotate = (id: string, body: object = {}) =>
    world.acme.request('POST', `/v1/api-keys/${id}/rotation`, body);

  test('creates a key with the same name and scopes; the old one works until the overlap ends', async () => {
    const old = await world.createKey({ name: 'Rotated', scopes: ['read', 'write'] });
    const { status, body } = await rotate(old.id, { overlapSeconds: 60 });
    expect([status, body.name, body.scopes, body.expiresAt]).toEqual([
      201,
      'Rotated',
      ['read', 'write'],
      null,
    ]);
    expect([outcome(await world.ask(old.key)), outcome(await world.ask(body.key))]).toEqual([200, 200]);
    const { replacedBy, expiresAt, revokedAt } = await world.listed(old.id);
    expect([replacedBy, revokedAt]).toEqual([body.id, null]);
    expect(Date.parse(expiresAt) - Date.parse(body.createdAt)).toBeLessThanOrEqual(60_000);
    expect(Date.parse(expiresAt) - Date.parse(body.createdAt)).toBeGreaterThan(59_000);

    // The hour that passes.
    await world.root.query(
      `update tenancy.api_keys set expires_at = expires_at - interval '1 hour' where key_id = $1`,
      [old.id],
    );
    expect([outcome(await world.ask(old.key)), outcome(await world.ask(body.key))]).toEqual([
      [401, 'invalid_credentials'],
      200,
    ]);
  });

  test('without overlap the old key ends with the very next request', async () => {
    const old = await world.createKey();
    const { body } = await rotate(old.id, { overlapSeconds: 0 });
    expect([outcome(await world.ask(old.key)), outcome(await world.ask(body.key))]).toEqual([
      [401, 'invalid_credentials'],
      200,
    ]);
  });

  test('a key that was made for a while is replaced by one for as long, and never lives longer itself', async () => {
    const old = await world.createKey({ expiresAt: '2099-01-01T00:00:00Z' });
    await world.root.query(
      `update tenancy.api_keys
       set created_at = now() - interval '89 days 23 hours', expires_at = created_at + interval '90 days'
       where key_id = $1`,
      [old.id],
    );
    await world.root.query(
      `update tenancy.api_keys set expires_at = created_at + interval '90 days' where key_id = $1`,
      [old.id],
    );
    const { expiresAt: before } = await world.listed(old.id);
    const { body } = await rotate(old.id, { overlapSeconds: 86_400 });
    const days = (Date.parse(body.expiresAt) - Date.parse(body.createdAt)) / 86_400_000;
    expect(days).toBeCloseTo(90, 5);
    expect((await world.listed(old.id)).expiresAt).toBe(before);
  });

  test('eight at once create one new key; the others get its id', async () => {
    const old = await world.createKey();
    // Held back until all have begun, so that none finds the work of another already done.
    const lock = await holdLock(
      world.adminUrl,
      `select from tenancy.api_keys where key_id = '${old.id}' for update`,
    );
    const rotations = Array.from({ length: 8 }, () => rotate(old.id));
    try {
      await lock.waiting(8);
    } finally {
      await lock.release();
    }
    const answers = await Promise.all(rotations);
    const [made] = answers.filter(({ status }) => status === 201);
    expect(answers.map(({ status }) => status).sort()).toEqual([201, ...Array(7).fill(422)]);
    for (const { status, body } of answers) {
      if (status === 422)
        expect(body.errors[0]).toMatchObject({
          field: 'id',
          message: expect.stringContaining(made?.body.id),
        });
    }
  });

  test('what no longer works, or never was here, cannot be rotated', async () => {
    const revoked = await world.createKey();
    await world.acme.request('DELETE', `/v1/api-keys/${revoked.id}`);
    const expired = await world.createKey();
    await world.root.query(`update tenancy.api_keys set expires_at = now() where key_id = $1`, [expired.id]);
    for (const [id, expected] of [
      [revoked.id, [422, 'invalid_input']],
      [expired.id, [422, 'invalid_input']],
      [idOf(world.globex.apiKey), [404, 'not_found']],
      ['AAAAAAAAAAAA', [404, 'not_found']],
      ['short', [400, 'invalid_input']],
    ] as const) {
      expect([id, outcome(await rotate(id))]).toEqual([id, expected]);
    }
  });

  test.each([-1, 1.5, 2_592_001, '60'])('an overlap of %j is refused', async (overlapSeconds) => {
    const answer = await rotate('AAAAAAAAAAAA', { overlapSeconds });
    expect([answer.status, answer.body.errors[0].field]).toEqual([400, 'overlapSeconds']);
  });
});

import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { paths } from '#scripts/paths.ts';
import { openWorld } from '#tests/world.ts';

const world = openWorld();

test('docs/ARCHITECTURE.md has the statements that a posting sends, all in one round trip', async () => {
  const page = await readFile(join(paths.root, 'docs/ARCHITECTURE.md'), 'utf8');
  const [, written = ''] = /tests\/wire\/architecture\.test\.ts.*?```sql\n(.*?)\n```/s.exec(page) ?? [];
  const acme = await world.createOrganization();
  await acme.item('TEA');
  await acme.location('LONDON');
  world.wire.forget();
  const receipt = { kind: 'receipt', lines: [{ sku: 'TEA', location: 'LONDON', quantity: 12 }] };
  const posted = await acme.request('POST', '/v1/movements', receipt, { 'idempotency-key': '4711' });
  expect(posted.status).toBe(201);
  // The use of the key is noted after the request, for nobody waits for it.
  const [request] = world.wire.exchanges();
  expect(request).toEqual({ statements: written.split('\n'), roundTrips: 1 });
});

import type { Client } from 'pg';
import { beforeAll, describe, expect, test } from 'vitest';
import type * as z from 'zod';
import { routeKey, routes } from '#functions/routes.ts';
import { parseJsonBody } from '#http/body.ts';
import type { HttpEvent } from '#http/event.ts';
import type { Operation } from '#http/operation.ts';
import { loadHandler } from '#scripts/local/lambda/handlers.ts';
import type { LoginRole } from '#scripts/local/logins.ts';
import { parseApiKey } from '#tenancy/credentials/api-keys.ts';
import { type Caller, openWorld } from '#tests/world.ts';
import { candidatesOf } from './candidates.ts';
import { type Ids, verdictOf, writes } from './writes.ts';

/** What the API refuses, the database refuses as well, to every role that may write it; what the API takes, it takes. */

const world = openWorld();
let acme: Caller;
let ids: Ids;
const schemas = new Map<string, z.ZodType>();
const clients = new Map<LoginRole, Client>();

beforeAll(async () => {
  for (const route of routes) {
    const { operations } = (await loadHandler(route.entry)) as unknown as {
      operations?: Record<string, Operation>;
    };
    const body = operations?.[routeKey(route)]?.schemas.body;
    if (body) schemas.set(routeKey(route), body);
  }
  acme = await world.createOrganization();
  await acme.item('MILK', { tracking: 'lot' });
  await acme.item('OTHER');
  await acme.location('MAIN');
  await acme.location('OTHER');
  // Nothing is at MAIN: the greatest quantity fits there.
  const { body } = await acme.post('receipt', { sku: 'MILK', lot: 'L1', location: 'OTHER', quantity: 5 });
  const keyId = parseApiKey(acme.apiKey, 'test')?.keyId ?? '';
  const { body: reservation } = await acme.request('POST', '/v1/reservations', {
    lines: [{ sku: 'MILK', lot: 'L1', location: 'OTHER', quantity: 1 }],
  });
  ids = { entry: body.entryId, reservation: reservation.id, keyId, slug: acme.slug };
  for (const role of ['stockade_api', 'stockade_jobs', 'stockade_admin'] as const)
    clients.set(role, await world.connect(role));
});

/** Runs work in a transaction of a role, inside the organization where the role has one; nothing of it is kept. */
async function as(role: LoginRole, work: (client: Client) => Promise<void>): Promise<void> {
  const client = clients.get(role) as Client;
  const key = parseApiKey(acme.apiKey, 'test');
  await client.query('begin');
  try {
    if (role === 'stockade_api')
      await client.query('call tenancy.enter_with_key($1, $2, $3, $4)', [
        key?.keyId,
        key?.secretDigest,
        'admin',
        [],
      ]);
    if (role === 'stockade_jobs') await client.query('select tenancy.enter_as_job($1)', [acme.id]);
    await work(client);
  } finally {
    await client.query('rollback');
  }
}

/** The body as the API takes it; undefined when it refuses it. */
function taken(schema: z.ZodType, json: string): unknown {
  try {
    return schema.safeParse(parseJsonBody({ headers: {}, body: json } as unknown as HttpEvent)).data;
  } catch {
    return undefined;
  }
}

test('every route that takes a body is tried', () => {
  expect([...schemas.keys()].toSorted()).toEqual(Object.keys(writes).toSorted());
});

describe.each(Object.entries(writes))('%s', (route, { body, roles, statement }) => {
  test.each(roles)('has the same bounds for %s', async (role) => {
    const schema = schemas.get(route) as z.ZodType;
    expect(taken(schema, JSON.stringify(body))).toEqual(body);
    const unlike: string[] = [];
    let [accepted, refused] = [0, 0];
    await as(role, async (client) => {
      expect((await verdictOf(client, statement(JSON.stringify(body), ids))).verdict).not.toBe('bounds');
      for (const candidate of candidatesOf(schema, body)) {
        const json = JSON.stringify(candidate.body);
        const api = taken(schema, json);
        const said = await verdictOf(client, statement(api ? JSON.stringify(api) : json, ids));
        if (api) accepted += 1;
        else refused += 1;
        if (api ? said.verdict === 'bounds' : said.verdict === 'taken')
          unlike.push(
            `${candidate.field} ${JSON.stringify(candidate.value).slice(0, 80)}: ${api ? 'the API' : 'the database'} takes it ${said.code ?? ''}`,
          );
      }
    });
    expect(unlike).toEqual([]);
    expect([accepted, refused].every((count) => count >= 3)).toBe(true);
  });
});

import { Validator } from '@seriousme/openapi-schema-validator';
import { beforeAll, describe, expect, test } from 'vitest';
import * as z from 'zod';
import { routeKey, routes } from '#functions/routes.ts';
import { buildDocument, type DocumentedOperation } from '#http/openapi/document.ts';
import { problems } from '#http/openapi/problems.ts';
import { takeLease } from '#ledger/reconcile/lease.ts';
import { reconcileOrganization } from '#ledger/reconcile/reconcile.ts';
import { sealOrganization } from '#ledger/seals/seal-organization.ts';
import { recordStage } from '#recovery/drill-records.ts';
import { noteChecks } from '#recovery/monitor/states.ts';
import { createRouter } from '#scripts/local/gateway/router.ts';
import { documentation } from '#scripts/openapi/documentation.ts';
import { documentFile, generateDocument, readDocument, readOperations } from '#scripts/openapi/generate.ts';
import { openAws } from '#tests/aws.ts';
import { type Answer, openWorld } from '#tests/world.ts';

const world = openWorld();
openAws();

interface Documented {
  readonly operationId: string;
  readonly security: readonly Record<string, readonly string[]>[];
  readonly parameters?: readonly { readonly $ref?: string; readonly name?: string; readonly in?: string }[];
  readonly requestBody?: unknown;
  readonly responses: Readonly<Record<string, { readonly $ref?: string }>>;
}

interface Document {
  readonly paths: Readonly<Record<string, Readonly<Record<string, Documented>>>>;
  readonly components: { readonly responses: Readonly<Record<string, unknown>> };
}

const backupCheck = {
  check: 'retention',
  title: 'Retention',
  status: 'fail',
  summary: 'Kept for 3 days.',
  facts: { days: 3 },
  runbook: 'docs/runbook/backup-retention.md',
} as const;
const drillRequest = {
  kind: 'snapshot',
  source: 'stockade',
  snapshot: 'daily',
  instance: 'stockade-drill-1',
  keep: false,
} as const;

let text: string;
let document: Document;
let operations: ReadonlyMap<string, DocumentedOperation>;
const documentedRoutes = routes.filter(({ path }) => path !== '$default');

beforeAll(async () => {
  operations = await readOperations();
  text = await generateDocument();
  document = JSON.parse(text);
});

const operationOf = (key: string): Documented | undefined => {
  const [method = '', path = ''] = key.split(' ');
  return document.paths[path]?.[method.toLowerCase()];
};

describe('the document', () => {
  test('is valid OpenAPI 3.1', async () => {
    const validator = new Validator();
    const result = await validator.validate(JSON.parse(text));
    expect([result.errors, result.valid, validator.version]).toEqual([undefined, true, '3.1']);
    // A reference that leads nowhere is a fault the schema cannot see.
    validator.resolveRefs();
    for (const [, reference = ''] of text.matchAll(/"\$ref": "#\/([^"]+)"/g)) {
      let found: unknown = document;
      for (const name of reference.split('/')) found = (found as Record<string, unknown> | undefined)?.[name];
      expect([reference, found !== undefined]).toEqual([reference, true]);
    }
  });

  test('is refused by the same validator when it is wrong', async () => {
    const wrong = JSON.parse(text);
    delete wrong.paths['/health'].get.responses;
    wrong.paths['/health'].get.responses = 'none';
    expect((await new Validator().validate(wrong)).valid).toBe(false);
  });

  test(`is what ${documentFile} holds`, async () => {
    expect(await readDocument()).toBe(text);
  });

  test('has every line of the route table and nothing else', () => {
    const keys = Object.entries(document.paths).flatMap(([path, methods]) =>
      Object.keys(methods).map((method) => `${method.toUpperCase()} ${path}`),
    );
    expect(keys.sort()).toEqual(documentedRoutes.map(routeKey).sort());
    const ids = keys.map((key) => operationOf(key)?.operationId);
    expect(new Set(ids).size).toBe(ids.length);
  });

  test.each(documentedRoutes.map((route) => [routeKey(route), route] as const))(
    '%s says who may ask and what can be sent',
    (key, { scope, method }) => {
      const operation = operationOf(key);
      const isTenants = scope !== 'none' && scope !== 'operator';
      expect(operation?.security).toEqual(
        isTenants
          ? [{ bearer: [scope] }, { apiKey: [scope] }]
          : scope === 'operator'
            ? [{ iam: [] }, { operatorKey: [] }]
            : [],
      );
      const { body, query, path } = operations.get(key)?.schemas ?? {};
      expect(operation?.requestBody !== undefined).toBe(body !== undefined);
      const names = (operation?.parameters ?? []).map(({ $ref, name }) => $ref?.split('/').at(-1) ?? name);
      const expected = [
        ...propertiesOf(path),
        ...propertiesOf(query).map((name) => ({ limit: 'Limit', cursor: 'Cursor' })[name] ?? name),
        ...(isTenants ? ['Organization'] : []),
        ...(isTenants && method === 'POST' ? ['IdempotencyKey'] : []),
      ];
      expect(names).toEqual(expected);
    },
  );

  function propertiesOf(schema: z.ZodType | undefined): string[] {
    return schema instanceof z.ZodObject ? Object.keys(schema.shape) : [];
  }

  test.each(Object.entries(documentation.routes))(
    '%s has examples that are true',
    (key, { answer, example }) => {
      const { body, query, path } = operations.get(key)?.schemas ?? {};
      if (body) expect(body.safeParse(example?.body).error).toBeUndefined();
      if (path) expect(path.safeParse(example?.path).error).toBeUndefined();
      if (example?.query) expect(query?.safeParse(example.query).error).toBeUndefined();
      if (example?.answer !== undefined && answer instanceof z.ZodType)
        expect(answer.safeParse(example.answer).error).toBeUndefined();
    },
  );

  test('cannot be built without the documentation of a route, nor with one that has no route', () => {
    const line = { method: 'GET', path: '/v1/moons', entry: 'items', scope: 'read' } as const;
    expect(() => buildDocument([...routes, line], operations, documentation)).toThrow(
      'GET /v1/moons is not documented',
    );
    expect(() => buildDocument(routes.slice(1), operations, documentation)).toThrow(
      'GET /health: documented, but',
    );
  });
});

async function seal(orgId: string): Promise<void> {
  const jobs = await world.connect('stockade_jobs');
  await sealOrganization(jobs, orgId);
}

/** One run with something to show. */
async function reconcile(orgId: string): Promise<void> {
  const superuser = await world.superuser();
  await superuser.query('update inventory.balances set on_hand = on_hand * 3 where org_id = $1', [orgId]);
  const jobs = await world.connect('stockade_jobs');
  const lease = await takeLease(jobs, orgId);
  if (!lease) throw new Error('somebody else reconciles it');
  await reconcileOrganization(jobs, lease, {
    kind: 'full',
    time: { remainingMs: () => Number.POSITIVE_INFINITY },
  });
}

describe('every answer', () => {
  const router = createRouter(routes);
  const answered = new Set<string>();

  /** Holds an answer against the document: its status, its headers, its body or its code. */
  function hold(method: string, path: string, answer: Answer): Answer {
    const match = router(method, decodeURIComponent(path.split('?')[0] ?? ''));
    const key = match?.routeKey ?? '';
    const described = operationOf(key)?.responses[answer.status];
    expect([key, answer.status, answer.body?.code, described !== undefined]).toEqual([
      key,
      answer.status,
      answer.body?.code,
      true,
    ]);
    const response = (
      described?.$ref ? document.components.responses[described.$ref.split('/').at(-1) ?? ''] : described
    ) as {
      headers: Record<string, { required?: boolean; $ref?: string }>;
      content?: Record<string, { schema: { allOf?: { properties?: { code: { enum: string[] } } }[] } }>;
    };
    for (const name of Object.keys(response.headers)) {
      if (name !== 'idempotent-replayed')
        expect([key, name, answer.headers.get(name)]).not.toEqual([key, name, null]);
    }
    const type = answer.headers.get('content-type')?.split(';')[0];
    expect([key, type]).toEqual([key, Object.keys(response.content ?? {})[0]]);
    if (answer.status >= 400) {
      const codes = response.content?.['application/problem+json']?.schema.allOf?.[1]?.properties?.code.enum;
      expect([key, codes]).toEqual([key, expect.arrayContaining([answer.body.code])]);
    } else {
      const shape = documentation.routes[key]?.answer;
      if (shape instanceof z.ZodType)
        expect([key, shape.safeParse(answer.body).error]).toEqual([key, undefined]);
      else expect([key, answer.body]).toEqual([key, undefined]);
      answered.add(key);
    }
    return answer;
  }

  test('is of the shape, the status and the code that the document says', async () => {
    const acme = await world.createOrganization();
    const ask = async (method: string, path: string, body?: unknown, headers: Record<string, string> = {}) =>
      hold(method, path, await acme.request(method, path, body, headers));
    const operate = async (method: string, path: string, body?: unknown) =>
      hold(method, path, await world.operator.request(method, path, body));

    for (const path of ['/health', '/ready', '/openapi.json']) await ask('GET', path);
    const page = await fetch(`${world.url}/docs`);
    expect([page.status, page.headers.get('content-type')]).toEqual([200, 'text/html; charset=utf-8']);
    answered.add('GET /docs');

    await ask('POST', '/v1/items', { sku: 'TEA', name: 'Tea', reorderPoint: 3, metadata: { a: [1, null] } });
    await ask('POST', '/v1/items', { sku: 'COFFEE', name: 'Coffee', tracking: 'lot' });
    await ask('POST', '/v1/items', { sku: 'SPARE', name: 'Spare' }, { 'idempotency-key': 'spare' });
    await ask('POST', '/v1/items', { sku: 'SPARE', name: 'Spare' }, { 'idempotency-key': 'spare' });
    await ask('POST', '/v1/items', { sku: 'OTHER', name: 'Other' }, { 'idempotency-key': 'spare' });
    await ask('POST', '/v1/items', { sku: 'TEA', name: 'Tea' });
    await ask('POST', '/v1/items', 'sku=TEA', { 'content-type': 'text/plain' });
    await ask('GET', '/v1/items?limit=1');
    await ask('GET', '/v1/items?limit=none');
    await ask('GET', '/v1/items/TEA');
    await ask('GET', '/v1/items/NEVER');
    await ask('PATCH', '/v1/items/TEA', { name: 'Black tea' });
    await ask('PATCH', '/v1/items/SPARE', { sku: 'TEA' });
    await ask('DELETE', '/v1/items/SPARE');
    for (const code of ['MAIN', 'SHOP', 'SPARE']) await ask('POST', '/v1/locations', { code, name: code });
    await ask('POST', '/v1/locations', { code: 'MAIN', name: 'Main' });
    await ask('GET', '/v1/locations');
    await ask('GET', '/v1/locations/MAIN');
    await ask('PATCH', '/v1/locations/MAIN', { name: 'Main' });
    await ask('PATCH', '/v1/locations/SHOP', { code: 'MAIN' });
    await ask('DELETE', '/v1/locations/SPARE');

    const line = { sku: 'TEA', location: 'MAIN', quantity: 12 };
    const posted = await ask('POST', '/v1/movements', {
      kind: 'receipt',
      reference: 'PO-1',
      lines: [line, { sku: 'COFFEE', location: 'MAIN', lot: 'L1', quantity: 1.5 }],
    });
    await ask('POST', '/v1/movements', { kind: 'receipt', lines: [line], dryRun: true });
    await ask('POST', '/v1/movements', { kind: 'receipt', lines: [{ ...line, sku: 'NEVER' }] });
    await ask('POST', '/v1/movements', { kind: 'issue', lines: [{ ...line, quantity: -99 }] });
    await ask('POST', '/v1/movements', {
      kind: 'issue',
      lines: [{ ...line, quantity: -1, expectedVersion: 7 }],
    });
    await ask('POST', '/v1/movements', {
      kind: 'receipt',
      lines: [{ ...line, quantity: 99_999_999_999.9999 }],
    });
    await ask('POST', '/v1/transfers', { from: 'MAIN', to: 'SHOP', lines: [{ sku: 'TEA', quantity: 2 }] });
    await ask('POST', '/v1/transfers', { from: 'MAIN', to: 'SHOP', lines: [{ sku: 'TEA', quantity: 200 }] });
    await ask('GET', '/v1/movements?limit=2');
    await ask('GET', '/v1/movements?sku=TEA&kind=receipt');
    const { entryId } = posted.body;
    await ask('GET', `/v1/entries/${entryId}`);
    await ask('POST', `/v1/entries/${entryId}/reversal`, {});
    const moved = await ask('POST', '/v1/movements', { kind: 'receipt', lines: [line] });
    const reversal = await ask('POST', `/v1/entries/${moved.body.entryId}/reversal`, { reference: 'Undo' });
    await ask('POST', `/v1/entries/${moved.body.entryId}/reversal`, {});
    await ask('POST', `/v1/entries/${reversal.body.entryId}/reversal`, {});
    await ask('GET', `/v1/entries/${moved.body.entryId}`);
    await ask('GET', '/v1/entries/nonsense');
    await ask('DELETE', '/v1/items/TEA');
    await ask('DELETE', '/v1/locations/MAIN');
    const asOf = encodeURIComponent(new Date().toISOString());
    for (const path of ['/v1/balances', '/v1/items/TEA/balance']) {
      await ask('GET', path);
      await ask('GET', `${path}?asOf=${asOf}&basis=effective`);
      await ask('GET', `${path}?basis=effective`);
    }

    const movement = `${moved.body.entryId}.1`;
    await ask('GET', `/v1/movements/${movement}/proof`);
    await seal(acme.id);
    await ask('GET', `/v1/movements/${movement}/proof`);
    await ask('GET', `/v1/movements/${movement.replace('.1', '.2')}/proof`);
    await ask('GET', '/v1/movements/nonsense/proof');
    await ask('GET', '/v1/seals?limit=1');
    await ask('GET', '/v1/seals?cursor=nonsense');

    await ask('GET', '/v1/reconciliations?cursor=nonsense');
    await reconcile(acme.id);
    await ask('GET', '/v1/reconciliations');

    await ask('GET', '/v1/organization');
    await ask('GET', '/v1/organization', undefined, { 'x-organization': 'another' });
    await ask('GET', '/v1/organization', undefined, { 'x-api-key': '' });
    await ask('GET', '/v1/organization', undefined, { 'x-api-key': 'garbage' });
    const key = (
      await ask('POST', '/v1/api-keys', { name: 'Reader', scopes: ['read'] }, { 'idempotency-key': 'key' })
    ).body;
    await ask('POST', '/v1/api-keys', { name: 'Reader', scopes: ['read'] }, { 'idempotency-key': 'key' });
    await ask('POST', '/v1/items', { sku: 'X', name: 'X' }, { 'x-api-key': key.key });
    await ask('GET', '/v1/api-keys');
    await ask('POST', `/v1/api-keys/${key.id}/rotation`);
    await ask('POST', `/v1/api-keys/${key.id}/rotation`, {});
    await ask('DELETE', `/v1/api-keys/${key.id}`);
    await world.join('ada@example.com', acme, 'admin');
    await world.join('ada@example.com', await world.createOrganization(), 'viewer');
    await ask('GET', '/v1/users');
    await ask('GET', '/v1/users', undefined, {
      'x-api-key': '',
      authorization: `Bearer ${await world.token('ada@example.com')}`,
    });

    const { body: made } = await operate('POST', '/platform/organizations', {
      slug: 'initech',
      name: 'Initech',
    });
    await operate('POST', '/platform/organizations', { slug: 'initech', name: 'Initech' });
    await operate('GET', '/platform/organizations?limit=1');
    await operate('POST', '/platform/organizations/initech/suspend', { reason: 'Overdue' });
    await ask('GET', '/v1/items', undefined, { 'x-api-key': made.apiKey });
    await operate('POST', '/platform/organizations/initech/suspend');
    await operate('POST', '/platform/organizations/initech/resume');
    await operate('POST', '/platform/organizations/nobody/resume');
    await ask('GET', '/platform/organizations');

    await noteChecks(await world.connect('stockade_jobs'), [backupCheck], new Date());
    await operate('GET', '/platform/backups');
    await ask('GET', '/platform/backups');
    const now = new Date();
    await recordStage('000001', now, 'requested', { ...drillRequest, asOf: now.toISOString() }, now);
    await recordStage('000001', now, 'verdict', { passed: false, summary: 'It is gone.' }, now);
    await operate('GET', '/platform/drills');
    await ask('GET', '/platform/drills');

    expect([...answered].sort()).toEqual(documentedRoutes.map(routeKey).sort());
  });

  test('that refuses has a code with a meaning: the document and the quick reference list the same', async () => {
    const { readFile } = await import('node:fs/promises');
    const page = await readFile(new URL('../../docs/QUICK_REFERENCE.md', import.meta.url), 'utf8');
    const table = page.slice(page.indexOf('## Errors'));
    for (const code of Object.keys(problems))
      expect([code, table.includes(`\`${code}\``)]).toEqual([code, true]);
  });
});

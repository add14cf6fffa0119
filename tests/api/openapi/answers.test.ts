import { beforeAll, describe, expect, test } from 'vitest';
import { reconcileOrganization } from '#audit/reconciliation/reconcile.ts';
import { takeLease } from '#audit/reconciliation/runs/lease.ts';
import { sealOrganization } from '#audit/seals/seal-organization.ts';
import { routeKey, routes } from '#functions/routes.ts';
import { recordMilestone } from '#recovery/drill/records.ts';
import { noteChecks } from '#recovery/monitor/states.ts';
import { openAws } from '#tests/aws.ts';
import { openWorld } from '#tests/world.ts';
import { type DocumentedAnswers, type Expected, readDocument } from './documented-answers.ts';

const world = openWorld();
openAws();

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

let against: DocumentedAnswers;
beforeAll(async () => {
  against = await readDocument();
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
  test('is of the shape, the status and the code that the document says', async () => {
    const acme = await world.createOrganization();
    const ask = async (
      expected: Expected,
      method: string,
      path: string,
      body?: unknown,
      headers: Record<string, string> = {},
    ) => against.hold(expected, method, path, await acme.request(method, path, body, headers));
    const operate = async (expected: Expected, method: string, path: string, body?: unknown) =>
      against.hold(expected, method, path, await world.operator.request(method, path, body));

    for (const path of ['/health', '/ready', '/openapi.json']) await ask(200, 'GET', path);
    const page = await fetch(`${world.url}/docs`);
    expect([page.status, page.headers.get('content-type')]).toEqual([200, 'text/html; charset=utf-8']);
    against.answered.add('GET /docs');

    await ask(201, 'POST', '/v1/items', {
      sku: 'TEA',
      name: 'Tea',
      reorderPoint: 3,
      metadata: { a: [1, null] },
    });
    await ask(201, 'POST', '/v1/items', { sku: 'COFFEE', name: 'Coffee', tracking: 'lot' });
    await ask(201, 'POST', '/v1/items', { sku: 'SPARE', name: 'Spare' }, { 'idempotency-key': 'spare' });
    await ask(201, 'POST', '/v1/items', { sku: 'SPARE', name: 'Spare' }, { 'idempotency-key': 'spare' });
    await ask(
      '422 idempotency_mismatch',
      'POST',
      '/v1/items',
      { sku: 'OTHER', name: 'Other' },
      { 'idempotency-key': 'spare' },
    );
    await ask('409 already_exists', 'POST', '/v1/items', { sku: 'TEA', name: 'Tea' });
    await ask('415 invalid_input', 'POST', '/v1/items', 'sku=TEA', { 'content-type': 'text/plain' });
    await ask(200, 'GET', '/v1/items?limit=1');
    await ask('400 invalid_input', 'GET', '/v1/items?limit=none');
    await ask(200, 'GET', '/v1/items/TEA');
    await ask('404 not_found', 'GET', '/v1/items/NEVER');
    await ask(200, 'PATCH', '/v1/items/TEA', { name: 'Black tea' });
    await ask('409 already_exists', 'PATCH', '/v1/items/SPARE', { sku: 'TEA' });
    await ask(204, 'DELETE', '/v1/items/SPARE');
    for (const code of ['MAIN', 'SHOP', 'SPARE'])
      await ask(201, 'POST', '/v1/locations', { code, name: code });
    await ask('409 already_exists', 'POST', '/v1/locations', { code: 'MAIN', name: 'Main' });
    await ask(200, 'GET', '/v1/locations');
    await ask(200, 'GET', '/v1/locations/MAIN');
    await ask(200, 'PATCH', '/v1/locations/MAIN', { name: 'Main' });
    await ask('409 already_exists', 'PATCH', '/v1/locations/SHOP', { code: 'MAIN' });
    await ask(204, 'DELETE', '/v1/locations/SPARE');

    const line = { sku: 'TEA', location: 'MAIN', quantity: 12 };
    const posted = await ask(201, 'POST', '/v1/movements', {
      kind: 'receipt',
      reference: 'PO-1',
      lines: [line, { sku: 'COFFEE', location: 'MAIN', lot: 'L1', quantity: 1.5 }],
    });
    await ask(200, 'POST', '/v1/movements', { kind: 'receipt', lines: [line], dryRun: true });
    await ask('422 invalid_input', 'POST', '/v1/movements', {
      kind: 'receipt',
      lines: [{ ...line, sku: 'NEVER' }],
    });
    await ask('409 insufficient_stock', 'POST', '/v1/movements', {
      kind: 'issue',
      lines: [{ ...line, quantity: -99 }],
    });
    await ask('409 stale_balance', 'POST', '/v1/movements', {
      kind: 'issue',
      lines: [{ ...line, quantity: -1, expectedVersion: 7 }],
    });
    await ask('422 quantity_out_of_range', 'POST', '/v1/movements', {
      kind: 'receipt',
      lines: [{ ...line, quantity: 99_999_999_999.9999 }],
    });
    const entries = [
      { kind: 'receipt', lines: [line] },
      { kind: 'issue', lines: [{ ...line, quantity: -999 }] },
    ];
    await ask(200, 'POST', '/v1/movements:batch', { mode: 'each', dryRun: true, entries });
    await ask('409 insufficient_stock', 'POST', '/v1/movements:batch', {
      mode: 'atomic',
      dryRun: true,
      entries,
    });
    await ask(201, 'POST', '/v1/transfers', {
      from: 'MAIN',
      to: 'SHOP',
      lines: [{ sku: 'TEA', quantity: 2 }],
    });
    await ask('409 insufficient_stock', 'POST', '/v1/transfers', {
      from: 'MAIN',
      to: 'SHOP',
      dryRun: true,
      lines: [{ sku: 'TEA', quantity: 200 }],
    });
    await ask(200, 'POST', '/v1/transfers', {
      from: 'MAIN',
      to: 'SHOP',
      dryRun: true,
      lines: [{ sku: 'TEA', quantity: 1 }],
    });
    await ask('409 stale_balance', 'POST', '/v1/transfers', {
      from: 'MAIN',
      to: 'SHOP',
      lines: [{ sku: 'TEA', quantity: 1, expectedVersion: 0 }],
    });
    await ask(200, 'GET', '/v1/movements?limit=2');
    await ask(200, 'GET', '/v1/movements?sku=TEA&kind=receipt');
    const { entryId } = posted.body;
    await ask(200, 'GET', `/v1/entries/${entryId}`);
    await ask('409 insufficient_stock', 'POST', `/v1/entries/${entryId}/reversal`, {});
    const moved = await ask(201, 'POST', '/v1/movements', { kind: 'receipt', lines: [line] });
    const reversal = await ask(201, 'POST', `/v1/entries/${moved.body.entryId}/reversal`, {
      reference: 'Undo',
    });
    await ask('409 already_reversed', 'POST', `/v1/entries/${moved.body.entryId}/reversal`, {});
    await ask('409 not_reversible', 'POST', `/v1/entries/${reversal.body.entryId}/reversal`, {});
    await ask(200, 'GET', `/v1/entries/${moved.body.entryId}`);
    await ask('400 invalid_input', 'GET', '/v1/entries/nonsense');
    await ask('409 in_use', 'DELETE', '/v1/items/TEA');
    await ask('409 in_use', 'DELETE', '/v1/locations/MAIN');
    const held = { lines: [{ ...line, quantity: 2 }] };
    const path = (id: string, action = '') => `/v1/reservations/${id}${action}`;
    const { id } = (
      await ask(201, 'POST', '/v1/reservations', {
        ...held,
        partial: true,
        expiresAt: '2999-01-01T00:00:00Z',
      })
    ).body;
    await ask('409 insufficient_stock', 'POST', '/v1/reservations', { lines: [{ ...line, quantity: 99 }] });
    await ask('422 invalid_input', 'POST', '/v1/reservations', {
      ...held,
      expiresAt: '2000-01-01T00:00:00Z',
    });
    await ask('400 invalid_input', 'POST', '/v1/reservations', { lines: [] });
    await ask(200, 'GET', '/v1/reservations?sku=TEA&state=open');
    await ask(200, 'GET', path(id));
    await ask('400 invalid_input', 'GET', path('nonsense'));
    await ask('404 not_found', 'GET', path(entryId));
    await ask(200, 'PATCH', path(id), { expiresAt: null });
    await ask('422 invalid_input', 'PATCH', path(id), { expiresAt: '2000-01-01T00:00:00Z' });
    const part = { lines: [{ ...line, quantity: 0.5 }] };
    const beyond = { lines: [{ ...line, quantity: 3 }] };
    for (const action of ['/commit', '/release']) {
      await ask('409 exceeds_reservation', 'POST', path(id, action), beyond);
      await ask(200, 'POST', path(id, action), part);
    }
    await ask(200, 'POST', path(id, '/commit'), {});
    await ask('409 reservation_closed', 'POST', path(id, '/commit'), {});
    await ask('409 reservation_closed', 'PATCH', path(id), { expiresAt: null });
    const asOf = encodeURIComponent(new Date().toISOString());
    for (const path of ['/v1/balances', '/v1/items/TEA/balance']) {
      await ask(200, 'GET', path);
      await ask(200, 'GET', `${path}?asOf=${asOf}&basis=effective`);
      await ask('400 invalid_input', 'GET', `${path}?basis=effective`);
    }

    const movement = `${moved.body.entryId}.1`;
    await ask('409 not_sealed', 'GET', `/v1/movements/${movement}/proof`);
    await seal(acme.id);
    await ask(200, 'GET', `/v1/movements/${movement}/proof`);
    await ask('404 not_found', 'GET', `/v1/movements/${movement.replace('.1', '.2')}/proof`);
    await ask('400 invalid_input', 'GET', '/v1/movements/nonsense/proof');
    await ask(200, 'GET', '/v1/seals?limit=1');
    await ask('400 invalid_input', 'GET', '/v1/seals?cursor=nonsense');

    await ask('400 invalid_input', 'GET', '/v1/reconciliations?cursor=nonsense');
    await reconcile(acme.id);
    await ask(200, 'GET', '/v1/reconciliations');

    await ask(200, 'GET', '/v1/organization');
    await ask('403 organization_mismatch', 'GET', '/v1/organization', undefined, {
      'x-organization': 'another',
    });
    await ask('401 unauthenticated', 'GET', '/v1/organization', undefined, { 'x-api-key': '' });
    await ask('401 invalid_credentials', 'GET', '/v1/organization', undefined, { 'x-api-key': 'garbage' });
    const key = (
      await ask(
        201,
        'POST',
        '/v1/api-keys',
        { name: 'Reader', scopes: ['read'] },
        { 'idempotency-key': 'key' },
      )
    ).body;
    await ask(
      201,
      'POST',
      '/v1/api-keys',
      { name: 'Reader', scopes: ['read'] },
      { 'idempotency-key': 'key' },
    );
    await ask(
      '403 insufficient_scope',
      'POST',
      '/v1/items',
      { sku: 'X', name: 'X' },
      { 'x-api-key': key.key },
    );
    await ask(200, 'GET', '/v1/api-keys');
    await ask(201, 'POST', `/v1/api-keys/${key.id}/rotation`);
    await ask('422 invalid_input', 'POST', `/v1/api-keys/${key.id}/rotation`, {});
    await ask(204, 'DELETE', `/v1/api-keys/${key.id}`);
    await world.join('ada@example.com', acme, 'admin');
    await world.join('ada@example.com', await world.createOrganization(), 'viewer');
    await ask(200, 'GET', '/v1/users');
    await ask('400 organization_required', 'GET', '/v1/users', undefined, {
      'x-api-key': '',
      authorization: `Bearer ${await world.token('ada@example.com')}`,
    });

    const { body: made } = await operate(201, 'POST', '/platform/organizations', {
      slug: 'initech',
      name: 'Initech',
    });
    await operate('409 already_exists', 'POST', '/platform/organizations', {
      slug: 'initech',
      name: 'Initech',
    });
    await operate(200, 'GET', '/platform/organizations?limit=1');
    await operate(200, 'POST', '/platform/organizations/initech/suspend', { reason: 'Overdue' });
    await ask('403 organization_suspended', 'GET', '/v1/items', undefined, { 'x-api-key': made.apiKey });
    await operate(200, 'POST', '/platform/organizations/initech/suspend');
    await operate(200, 'POST', '/platform/organizations/initech/resume');
    await operate('404 not_found', 'POST', '/platform/organizations/nobody/resume');
    await ask('403 operator_required', 'GET', '/platform/organizations');

    await noteChecks(await world.connect('stockade_jobs'), [backupCheck], new Date());
    await operate(200, 'GET', '/platform/backups');
    await ask('403 operator_required', 'GET', '/platform/backups');
    const now = new Date();
    await recordMilestone('000001', now, 'requested', { ...drillRequest, asOf: now.toISOString() }, now);
    await recordMilestone('000001', now, 'verdict', { passed: false, summary: 'It is gone.' }, now);
    await operate(200, 'GET', '/platform/drills');
    await ask('403 operator_required', 'GET', '/platform/drills');

    const documented = routes.filter(({ path }) => path !== '$default').map(routeKey);
    expect([...against.answered].sort()).toEqual(documented.sort());
  });
});

import { readFile, rename, writeFile } from 'node:fs/promises';
import type { Client } from 'pg';
import { keyEnvironment } from '#platform/config.ts';
import { withRole } from '#scripts/cli/database/connect.ts';
import { CommandError } from '#scripts/cli/failure.ts';
import { scopes } from '#tenancy/credentials/api-keys.ts';
import { addApiKey, createOrganization, listOrganizations } from '#tenancy/organizations.ts';

/** A demo organization and the key that opens it. Only a local platform keeps a key: these two protect nothing. */
export interface Demo {
  readonly slug: string;
  readonly apiKey: string;
}

/** What a platform remembers of its demo, so that every start can show the keys again. */
export interface DemoState {
  /** The database they are in, since a folder may be used with another one later. */
  readonly database: string;
  readonly organizations: readonly Demo[];
  readonly seeded: boolean;
  readonly file: string;
}

const samples = [
  {
    slug: 'acme',
    name: 'Acme Tea & Coffee',
    items: [
      { sku: 'TEA-EARL-GREY', name: 'Earl Grey, 100 g tin', reorderPoint: 20 },
      { sku: 'COFFEE-YIRGACHEFFE', name: 'Yirgacheffe beans', unit: 'kg', tracking: 'lot' },
      { sku: 'GIFT-CARD', name: 'Gift card', allowNegative: true },
    ],
    locations: [
      { code: 'LONDON', name: 'London warehouse' },
      { code: 'CAMDEN', name: 'Camden shop', kind: 'store' },
    ],
    entries: [
      {
        kind: 'receipt',
        reference: 'PO-1001',
        lines: [
          { sku: 'TEA-EARL-GREY', location: 'LONDON', quantity: 120 },
          { sku: 'COFFEE-YIRGACHEFFE', location: 'LONDON', lot: '2026-03', quantity: 37.5 },
        ],
      },
      {
        kind: 'transfer',
        reference: 'TR-17',
        lines: [
          { sku: 'TEA-EARL-GREY', location: 'LONDON', quantity: -24 },
          { sku: 'TEA-EARL-GREY', location: 'CAMDEN', quantity: 24 },
        ],
      },
      {
        kind: 'issue',
        reference: 'SO-5001',
        lines: [
          { sku: 'TEA-EARL-GREY', location: 'CAMDEN', quantity: -3 },
          { sku: 'GIFT-CARD', location: 'CAMDEN', quantity: -1 },
        ],
      },
    ],
  },
  {
    slug: 'globex',
    name: 'Globex Spares',
    // The very codes of the other organization: they have nothing to do with each other.
    items: [
      { sku: 'TEA-EARL-GREY', name: 'Tea for the office' },
      { sku: 'BOLT-M8', name: 'Bolt M8 × 40', unit: 'box' },
    ],
    locations: [{ code: 'LONDON', name: 'London depot' }],
    entries: [
      {
        kind: 'opening',
        lines: [
          { sku: 'BOLT-M8', location: 'LONDON', quantity: 800 },
          { sku: 'TEA-EARL-GREY', location: 'LONDON', quantity: 2 },
        ],
      },
      { kind: 'issue', reference: 'JOB-9', lines: [{ sku: 'BOLT-M8', location: 'LONDON', quantity: -40 }] },
    ],
  },
];

/**
 * Makes the demo organizations in a database that has none, or finds those an earlier start has made.
 * Answers undefined when the database has organizations that are not ours to touch.
 */
export async function prepareDemo(
  adminUrl: string,
  database: string,
  file: string,
): Promise<DemoState | undefined> {
  return await withRole(adminUrl, 'stockade_admin', async (admin) => {
    const existing = await listOrganizations(admin);
    const remembered = await readState(file);
    const ours = remembered?.database === database ? remembered : undefined;
    if (existing.length > 0 && !ours) return undefined;
    if (existing.length > 0 && ours?.seeded) return { ...ours, file };

    // Written first, so that a start that is killed in between still knows the organizations as its own.
    await writeState({ database, organizations: [], seeded: false, file });
    const organizations: Demo[] = [];
    for (const { slug, name } of samples) {
      const id = existing.find((organization) => organization.slug === slug)?.id;
      organizations.push({ slug, apiKey: await keyOf(admin, { id, slug, name }) });
    }
    const state = { database, organizations, seeded: false, file };
    await writeState(state);
    return state;
  });
}

async function keyOf(
  admin: Client,
  { id, slug, name }: { id?: string | undefined; slug: string; name: string },
) {
  if (id) return await addApiKey(admin, id, { name: 'Demo', scopes }, keyEnvironment());
  return (await createOrganization(admin, { slug, name }, keyEnvironment())).apiKey;
}

/** Fills the demo organizations through the API, once; a start that was killed half way is carried on. */
export async function seedDemo(url: string, state: DemoState): Promise<void> {
  if (state.seeded) return;
  for (const { slug, apiKey } of state.organizations) {
    const sample = samples.find((each) => each.slug === slug);
    if (!sample) continue;
    const post = (path: string, body: unknown, key: string) =>
      postOnce(url + path, apiKey, body, `demo-${slug}-${key}`);
    for (const item of sample.items) await post('/v1/items', item, item.sku);
    for (const location of sample.locations) await post('/v1/locations', location, location.code);
    for (const [index, entry] of sample.entries.entries())
      await post('/v1/movements', entry, `entry-${index}`);
  }
  await writeState({ ...state, seeded: true });
}

async function postOnce(url: string, apiKey: string, body: unknown, idempotencyKey: string): Promise<void> {
  const response = await fetch(url, {
    method: 'POST',
    headers: {
      authorization: `Bearer ${apiKey}`,
      'content-type': 'application/json',
      'idempotency-key': idempotencyKey,
    },
    body: JSON.stringify(body),
  });
  if (!response.ok) {
    throw new CommandError(
      `the demo data was refused: ${url} answered ${response.status}: ${await response.text()}`,
      'Begin again with npm start -- --fresh.',
    );
  }
}

async function readState(file: string): Promise<Omit<DemoState, 'file'> | undefined> {
  try {
    return JSON.parse(await readFile(file, 'utf8'));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw new CommandError(
      `${file} cannot be read: ${(error as Error).message}`,
      'Remove it, or begin again with npm start -- --fresh.',
    );
  }
}

async function writeState({ file, ...state }: DemoState): Promise<void> {
  await writeFile(`${file}.new`, JSON.stringify(state, null, 2), { mode: 0o600 });
  await rename(`${file}.new`, file);
}

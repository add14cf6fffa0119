import { appendFile, copyFile, readFile, rm, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type Manifest, receiptOf } from '#portability/manifest.ts';
import { startDigest } from '#portability/table-digest.ts';

/** Spoils a copy of an export. `own` is its organization, `other` another one of the same database. */
export type Spoil = (copy: string, ids: { readonly own: string; readonly other: string }) => Promise<unknown>;

/** Changes the lines of a file, and the manifest so that every digest is right again: a forgery. */
export async function forge(
  copy: string,
  table: string,
  change: (lines: string[]) => string[],
  alter: (manifest: Manifest) => void = () => {},
): Promise<void> {
  const path = join(copy, `${table}.ndjson`);
  const lines = change((await readFile(path, 'utf8')).split('\n').slice(0, -1));
  await writeFile(path, lines.map((line) => `${line}\n`).join(''));
  const progress = startDigest();
  for (const line of lines) progress.add(Buffer.from(line));
  await editManifest(copy, (manifest) => {
    const entry = manifest.tables.find(({ name }) => name === table);
    if (entry) Object.assign(entry, progress.finish());
    alter(manifest);
    manifest.receipt = receiptOf(manifest);
  });
}

async function editManifest(copy: string, edit: (manifest: Manifest) => void): Promise<void> {
  const path = join(copy, 'manifest.json');
  const manifest = JSON.parse(await readFile(path, 'utf8'));
  edit(manifest);
  await writeFile(path, JSON.stringify(manifest));
}

const movements = 'inventory.movements.ndjson';
/** Every way to spoil an export that the import must refuse, and what it must say. */
export const spoiledExports: readonly [what: string, spoil: Spoil, message: RegExp | string][] = [
  ['no manifest, as a killed export leaves it', (c) => rm(join(c, 'manifest.json')), 'there is no export'],
  ['a manifest that is no JSON', (c) => writeFile(join(c, 'manifest.json'), '{'), 'is not the manifest'],
  [
    'a manifest of another format version',
    (c) => editManifest(c, (m) => Object.assign(m, { formatVersion: 2 })),
    'has the format version 2, but this release supports 1',
  ],
  [
    'a manifest whose figures were changed',
    (c) => editManifest(c, (m) => Object.assign(m.tables[3] ?? {}, { rows: 1 })),
    'was altered: its receipt',
  ],
  [
    'a manifest that names a file elsewhere',
    (c) => editManifest(c, (m) => Object.assign(m.tables[3] ?? {}, { name: '../../etc.passwd' })),
    'must be schema.table',
  ],
  [
    'one digit changed in a file',
    async (c) => {
      const path = join(c, movements);
      await writeFile(path, (await readFile(path, 'utf8')).replace('0.0001', '0.0002'));
    },
    /inventory\.movements\.ndjson was altered: its SHA-256 is/,
  ],
  ['a truncated file', (c) => truncate(join(c, movements), 100), /has 100 bytes, but had/],
  ['a file that grew', (c) => appendFile(join(c, movements), '{}\n'), 'when it was exported'],
  ['a file that is missing', (c) => rm(join(c, movements)), 'is missing'],
  [
    'a file that is not listed',
    (c) => copyFile(join(c, movements), join(c, 'inventory.more.ndjson')),
    'is not listed in manifest.json',
  ],
  [
    'a forged line that is no JSON',
    (c) => forge(c, 'inventory.items', (lines) => ['{"', ...lines]),
    /items\.ndjson:1 is not JSON/,
  ],
  [
    'a forged line with an unknown column',
    (c) => forge(c, 'inventory.items', ([first = '', ...more]) => [first.replace(/\}$/, ',"x":1}'), ...more]),
    'does not have the columns',
  ],
  [
    'a forged column, in the manifest too',
    (c) =>
      forge(
        c,
        'inventory.items',
        (lines) => lines.map((line) => line.replace(/\}$/, ',"x":1}')),
        (m) => m.tables.find(({ name }) => name === 'inventory.items')?.columns.push('x'),
      ),
    'which this database does not have in the same form',
  ],
  [
    'a forged row of another organization',
    (c, { own, other }) => forge(c, 'inventory.items', (lines) => lines.map((l) => l.replace(own, other))),
    'is a row of another organization',
  ],
  [
    'a forged list without a table',
    (c) =>
      rm(join(c, movements)).then(() =>
        editManifest(c, (m) => {
          m.tables = m.tables.filter(({ name }) => name !== 'inventory.movements');
          m.receipt = receiptOf(m);
        }),
      ),
    'the export lacks the table inventory.movements',
  ],
  [
    'a forged list with a table of the platform',
    async (c) => {
      await writeFile(join(c, 'tenancy.context_keys.ndjson'), '');
      await editManifest(c, (m) => {
        m.tables.push({ name: 'tenancy.context_keys', columns: ['id'], ...startDigest().finish() });
        m.receipt = receiptOf(m);
      });
    },
    'the export has the table tenancy.context_keys',
  ],
  [
    'another schema',
    (c) =>
      editManifest(c, (m) => {
        Object.assign(m.schema, { migration: '000099_future', book: 'f'.repeat(64) });
        m.receipt = receiptOf(m);
      }),
    /has the schema 000099_future \(ffffffffffff\), but this database has 0000\d\d_/,
  ],
  [
    'a forged movement, which the balances give away',
    (c) =>
      forge(c, 'inventory.movements', (lines) =>
        lines.map((l) => l.replace('"quantity":3.0000', '"quantity":4.0000')),
      ),
    'do not add up to its balances',
  ],
  [
    'a movement that is missing, which the balances give away',
    (c) => forge(c, 'inventory.movements', (lines) => lines.slice(1)),
    'do not add up to its balances',
  ],
  [
    'a balance that is missing',
    (c) => forge(c, 'inventory.balances', (lines) => lines.slice(1)),
    'the imported rows differ from the export, and nothing was kept: inventory.balances',
  ],
  [
    'a balance of nothing',
    (c) =>
      forge(c, 'inventory.balances', ([first = '', ...more]) => [
        first,
        first.replace(/"lot":"[^"]*"/, '"lot":"none"'),
        ...more,
      ]),
    'do not add up to its balances',
  ],
  [
    'a hold that is missing, which the balances give away',
    (c) => forge(c, 'inventory.reservation_lines', (lines) => lines.slice(1)),
    'do not add up to its balances',
  ],
  [
    'a line that comes twice',
    (c) => forge(c, 'inventory.items', ([first = '', ...more]) => [first, first, ...more]),
    /duplicate key|the imported rows differ from the export/,
  ],
  [
    'lines in another order',
    (c) => forge(c, 'inventory.items', (lines) => lines.reverse()),
    'the imported rows differ from the export, and nothing was kept: inventory.items (4 rows exported, 4 imported)',
  ],
  [
    'a number written otherwise',
    (c) => forge(c, 'inventory.items', (lines) => lines.map((l) => l.replace(/0\.0001\b/, '0.00010'))),
    'the imported rows differ from the export',
  ],
  [
    'a reversal of an entry that is not there',
    (c) =>
      forge(c, 'inventory.entries', (l) =>
        l.map((x) => x.replace(/"reverses":"[^"]{8}/, '"reverses":"00000000')),
      ),
    'to missing rows',
  ],
  [
    'a row that breaks a rule of the table',
    (c) => forge(c, 'inventory.items', (l) => l.map((x) => x.replace('"sku":"BOLT"', '"sku":"BOLT "'))),
    'items_sku_check',
  ],
  [
    'an alias that is the SKU of another item',
    (c) =>
      forge(c, 'inventory.item_aliases', (l) =>
        l.map((x) => x.replace('"alias":"M8/40"', '"alias":"LOTTED"')),
      ),
    'the code LOTTED is both a SKU and an alias',
  ],
];

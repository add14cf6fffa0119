import { readFile, rm } from 'node:fs/promises';
import { Client } from 'pg';
import { dumpCatalog } from '#schema/catalog/dump.ts';
import { migrate } from '#schema/migrations/migrate.ts';
import { startCluster } from '#scripts/local/postgres/cluster.ts';
import { makeScratchFolder } from '#scripts/local/postgres/scratch-folder.ts';
import { createScratchDatabase } from './scratch-database.ts';

/** The golden dump of the schema, relative to the root of the checkout. */
export const goldenFile = 'sql/schema.sql';

/** The digests of the ledger's triggers: reconciliation compares the database with them. */
export const goldenTriggersFile = 'layers/audit/reconciliation/golden-triggers.json';

/** Where TypeScript reads the rules of posting, which stand once, in SQL. */
const postingRulesFile = 'layers/ledger/posting-rules.ts';

/** Where TypeScript reads which characters no code has. */
const invisibleCharactersFile = 'layers/ledger/codes/invisible-characters.ts';

/** A file that is generated from the migrations; its path is relative to the root of the checkout. */
export interface GoldenFile {
  readonly file: string;
  readonly content: string;
}

/** Creates the schema on a temporary cluster, and returns the golden files. */
export async function goldenFromMigrations(migrations: string, signal?: AbortSignal): Promise<GoldenFile[]> {
  const directory = makeScratchFolder('schema');
  try {
    const cluster = await startCluster({ directory, durable: false });
    try {
      return await dumpOn(cluster.url, migrations, signal);
    } finally {
      await cluster.destroy();
    }
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

/** Creates the schema in a scratch database of a running cluster, and dumps it. */
async function dumpOn(
  clusterUrl: string,
  migrations: string,
  signal: AbortSignal | undefined,
): Promise<GoldenFile[]> {
  await using database = await createScratchDatabase(clusterUrl);
  await migrate({ connectionString: database.url, directory: migrations, signal });
  const client = new Client({ connectionString: database.url });
  await client.connect();
  try {
    return [
      { file: goldenFile, content: await dumpCatalog(client) },
      { file: goldenTriggersFile, content: await triggerDigests(client) },
      { file: postingRulesFile, content: await postingRules(client) },
      { file: invisibleCharactersFile, content: await invisibleCharacters(client) },
    ];
  } finally {
    await client.end();
  }
}

/** The rules of posting as TypeScript reads them, from the functions that hold them in SQL. */
async function postingRules(client: Client): Promise<string> {
  const { rows } = await client.query<{
    kinds: string[];
    signs: number[];
    greatest: string;
    decimals: number;
  }>(
    `select kinds, array(select inventory.kind_sign(kind) from unnest(kinds) with ordinality as k (kind, nth) order by nth) as signs,
       inventory.greatest_quantity()::text as greatest, scale(inventory.greatest_quantity()) as decimals
     from inventory.postable_kinds() as kinds`,
  );
  const [rules] = rows;
  if (!rules) throw new Error('the schema has no rules of posting');
  const { kinds, signs, greatest, decimals } = rules;
  const [whole = '', fraction = ''] = greatest.split('.');
  return `// \`npm run schema\` writes this file from sql/functions/inventory/forms.sql and posting_rules.sql.

/** The kinds of entry that a caller may post. */
export const postableKinds = [${kinds.map((kind) => `'${kind}'`).join(', ')}] as const;
export type PostableKind = (typeof postableKinds)[number];

/** The sign that the quantities of a kind must have: 1, -1, or 0 when both are allowed. */
export const kindSigns = {
${kinds.map((kind, nth) => `  ${kind}: ${signs[nth]},\n`).join('')}} as const;

/** The greatest quantity, in the item's own unit. A JSON number holds its digits without loss. */
export const greatestQuantity = ${whole.replaceAll(/(?<=\d)(?=(\d{3})+$)/g, '_')}.${fraction};
export const quantityWholeDigits = ${whole.length};
export const quantityDecimals = ${decimals};
`;
}

/** The characters that no code has, as a regular expression of JavaScript: Postgres writes \\U0001d173 for \\u{1d173}. */
async function invisibleCharacters(client: Client): Promise<string> {
  const { rows } = await client.query<{ characters: string }>(
    'select inventory.invisible_characters() as characters',
  );
  const characters = rows[0]?.characters.replaceAll(/\\U0*([0-9a-f]+)/g, '\\u{$1}');
  return `// \`npm run schema\` writes this file from sql/functions/inventory/forms.sql.

/** A character that no code has: one that cannot be seen, that changes the direction of a text, or without a fixed meaning. */
export const invisibleCharacter =
  // biome-ignore lint/suspicious/noControlCharactersInRegex: it matches control characters
  // biome-ignore lint/suspicious/noMisleadingCharacterClass: it is a class of single characters
  /${characters}/u;
`;
}

async function triggerDigests(client: Client): Promise<string> {
  const { rows } = await client.query<{ name: string; digest: string }>(
    'select name, digest from inventory.ledger_triggers() order by name collate "C"',
  );
  return `${JSON.stringify(Object.fromEntries(rows.map(({ name, digest }) => [name, digest])), null, 2)}\n`;
}

/** A committed file; empty when there is none yet. */
export async function readGolden(file: string): Promise<string> {
  try {
    return (await readFile(file, 'utf8')).replaceAll('\r\n', '\n');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return '';
    throw error;
  }
}

import { asSuperuser, type Clone, cloneDatabase } from '../../clone.ts';
import { keyEnvironment } from '../api.ts';
import { type Holdings, plantOrganization } from '../victim.ts';
import { type Column, readableColumns, statementsOf } from './corpus.ts';
import { roles, Session } from './session.ts';

/** What the statements of an organization have shown. */
export interface PlansReport {
  readonly columns: number;
  /** In each of the two worlds. */
  readonly statements: number;
  /** The statements that the two worlds answer differently, with both answers. */
  readonly differences: readonly string[];
}

export interface PlansOptions {
  /** Changes the database before anybody has rows in it. */
  readonly prepare?: (clone: Clone) => Promise<unknown>;
  /** Only the columns of this table. */
  readonly table?: string;
  readonly signal?: AbortSignal | undefined;
  readonly onColumn?: (done: number, total: number) => void;
}

const own: Holdings = {
  slug: 'subject',
  skus: ['OWN-1', 'OWN-2', 'OWN-3'],
  locations: ['OWN'],
  lot: 'own',
  references: ['own'],
  idempotencyKeys: ['own-1', 'own-2'],
  text: 'own',
  keyId: 'own0own0own0',
  quantity: 2,
  entries: 2,
};

/** The two neighbours have the same numbers of rows, and values of the same lengths. */
const neighbour = (word: string, letter: string, quantity: number): Holdings => ({
  slug: word,
  skus: Array.from({ length: 30 }, (_, n) => `${word}-${100 + n}`),
  locations: [`${word}-1`, `${word}-2`],
  lot: word,
  references: [`${word}-1`, `${word}-2`],
  idempotencyKeys: [`${word}-1`, `${word}-2`, `${word}-3`],
  text: word,
  keyId: letter.repeat(12),
  quantity,
  entries: 2,
});

const neighbours = [neighbour('birch', 'b', 3), neighbour('tulip', 't', 8)] as const;

/**
 * Asks as each login role, for one organization, in two worlds that differ only in the values of another organization, after
 * Postgres has analyzed both: the plans, the rows and their order, and the errors must be the same.
 * `clusterUrl` is the URL for the superuser.
 */
export async function provePlans(
  clusterUrl: string,
  template: string,
  { prepare, table, signal, onColumn }: PlansOptions = {},
): Promise<PlansReport> {
  await using base = await cloneDatabase(clusterUrl, template);
  await prepare?.(base);
  const subject = await asSuperuser(base.url, (client) => plantOrganization(client, own, keyEnvironment));
  await using stack = new AsyncDisposableStack();
  const urls: string[] = [];
  for (const holdings of neighbours) {
    const world = stack.use(await cloneDatabase(clusterUrl, new URL(base.url).pathname.slice(1)));
    await asSuperuser(world.url, async (client) => {
      await plantOrganization(client, holdings, keyEnvironment);
      await client.query('vacuum analyze');
    });
    urls.push(world.url);
  }
  const differences: string[] = [];
  const tried = new Set<string>();
  let statements = 0;
  for (const role of roles) {
    const readable = (await readableColumns(urls, role)).filter(
      (column) => column.table === (table ?? column.table) && !tried.has(placeOf(column)),
    );
    const sessions: Session[] = [];
    for (const url of urls) sessions.push(stack.use(await Session.open(url, subject, role)));
    for (const [index, column] of readable.entries()) {
      signal?.throwIfAborted();
      tried.add(placeOf(column));
      for (const statement of statementsOf(column)) {
        statements += 1;
        const [one = '', other = ''] = await Promise.all(sessions.map((session) => session.ask(statement)));
        if (one !== other) differences.push(`as ${role}: ${statement}\n  ${around(one, other)}`);
      }
      onColumn?.(index + 1, readable.length);
    }
  }
  return { columns: tried.size, statements, differences };
}

/** The statistics are the same for every role that may read the column. */
const placeOf = ({ table, name }: Column) => `${table}.${name}`;

/** Where two answers begin to differ. */
function around(one: string, other: string): string {
  let at = 0;
  while (one[at] === other[at]) at += 1;
  const part = (text: string) => text.slice(Math.max(0, at - 40), at + 40);
  return `${part(one)}\n  ${part(other)}`;
}

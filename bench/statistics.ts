import { createPassKey, trustIssuer } from '#scripts/local/issuer/trust.ts';
import { addApiKey } from '#tenancy/organizations.ts';
import { copyDatabase } from '#tests/prove/clone.ts';
import { keyEnvironment } from '#tests/prove/isolation/api.ts';
import { serveApiInThread } from '#tests/prove/isolation/worlds/api-thread.ts';
import { issueTokens } from '#tests/prove/isolation/worlds/credentials.ts';
import { type Bench, clients, compare, expected } from './bench.ts';
import { execute, startServer } from './database.ts';
import { makeLedger, onSuperuser } from './history.ts';
import { closing } from './interruption.ts';

const organizations = 24;
const items = 1_000;
const manyMovements = 10_000;
const fewMovements = 2_000;

/** What a database has whose columns are as Postgres makes them, once autovacuum has analyzed it. */
const gatherStatistics = `
  do $$
  declare
    v_column record;
  begin
    for v_column in
      select a.attrelid::regclass as "table", a.attname as name
      from unnest('tenancy.organizations'::regclass || tenancy.tenant_tables()) as t (oid)
      join pg_attribute a on a.attrelid = t.oid and a.attnum > 0 and not a.attisdropped
    loop
      execute format('alter table %s alter column %I set statistics -1', v_column."table", v_column.name);
    end loop;
  end
  $$`;

/** Requests of one organization, by what they are. */
const requests: Readonly<Record<string, (turn: number) => Request>> = {
  'a list of items': () => get('/v1/items?limit=100'),
  'a list of movements': () => get('/v1/movements?limit=100'),
  'the movements of an item': (turn) => get(`/v1/movements?limit=100&sku=${sku(turn)}`),
  'the movements of a location': (turn) => get(`/v1/movements?limit=100&location=${location(turn)}`),
  'a list of balances': () => get('/v1/balances?limit=100'),
  'the balances of a location': (turn) => get(`/v1/balances?limit=100&location=${location(turn)}`),
  'the balance of an item': (turn) => get(`/v1/items/${sku(turn)}/balance`),
  'a posting': (turn) => ({
    target: '/v1/movements',
    body: JSON.stringify({
      kind: 'receipt',
      lines: [{ sku: sku(turn), location: location(turn), quantity: 1 }],
    }),
  }),
};

interface Request {
  readonly target: string;
  readonly body?: string;
}

const get = (target: string): Request => ({ target });
const sku = (turn: number) => `S${1 + ((turn * 37) % items)}`;
const location = (turn: number) => `L${1 + (turn % 10)}`;

export const statistics: Bench = {
  name: 'statistics',
  summary: `Requests without planner statistics, against the same with them: ${organizations} organizations, ${manyMovements} movements each`,
  expect: (options) => expected(Object.keys(requests).length, options, options.quick ? 15 : 35),
  async *run(options) {
    const movements = options.quick ? fewMovements : manyMovements;
    const server = await startServer();
    const apis: (() => Promise<void>)[] = [];
    try {
      const without = await server.createDatabase('without');
      let key = '';
      for (let n = 1; n <= organizations; n += 1) {
        const ledger = await makeLedger(without, `shop-${n}`, items);
        await ledger.post(movements, items);
        const scopes = ['read', 'write'] as const;
        key = await onSuperuser(without, (superuser) =>
          addApiKey(superuser, ledger.orgId, { name: 'Bench', scopes }, keyEnvironment),
        );
      }
      const clusterUrl = Object.assign(new URL(without), { pathname: 'postgres' }).href;
      await copyDatabase(clusterUrl, 'gathered', 'without');
      const gathered = Object.assign(new URL(without), { pathname: 'gathered' }).href;
      await execute(gathered, gatherStatistics);
      await using tokens = await issueTokens();
      const ask = async (url: string) => {
        await execute(url, 'vacuum analyze');
        const api = await serveApiInThread(url, await trustIssuer(url, tokens.issuer, createPassKey()));
        apis.push(closing(() => api.close()));
        return asking(api.url, key);
      };
      const [subject, reference] = [await ask(without), await ask(gathered)];
      for (const [name, request] of Object.entries(requests)) {
        yield await compare(
          { name, subject: 'without statistics', reference: 'with statistics', target: 1.05 },
          {
            subject: clients(2, (_, turn) => subject(request(turn))),
            reference: clients(2, (_, turn) => reference(request(turn))),
          },
          options,
        );
      }
    } finally {
      for (const close of apis) await close();
      await server.stop();
    }
  },
};

function asking(url: string, key: string) {
  return async ({ target, body }: Request): Promise<void> => {
    const headers = { authorization: `Bearer ${key}`, 'content-type': 'application/json' };
    const response = await fetch(url + target, {
      headers,
      ...(body !== undefined && { method: 'POST', body }),
    });
    await response.arrayBuffer();
    if (!response.ok) throw new Error(`${target} was answered with ${response.status}`);
  };
}

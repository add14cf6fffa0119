import pg from 'pg';
import { loginUrl } from '#scripts/local/logins.ts';
import { createOrganization } from '#tenancy/organizations.ts';
import { type Bench, clients, compare, expected, type Load } from './bench.ts';
import { execute, startServer } from './database.ts';
import { openSocket, type Statement } from './light-client.ts';

const keys = 4_000;
const mostMovements = 100_000;

const sealTables = 'inventory.seal_anchors, inventory.seal_closings, inventory.seal_pages, inventory.seals';

export const seals: Bench = {
  name: 'seals',
  summary:
    'The cost of sealing: a movement sealed compared with a movement added up, and a posting with the boundary compared with one without',
  expect: (options) => expected(3, options, options.quick ? 12 : 40),
  async *run(options) {
    const movements = options.quick ? 100_000 : 400_000;
    const server = await startServer();
    try {
      const histories = [
        await openHistory(await server.createDatabase('history'), movements),
        await openHistory(await server.createDatabase('another'), movements),
      ];
      for (const count of [1, 2]) {
        const sealers = histories.slice(0, count);
        yield await compare(
          {
            name: `sealing, ${movements} movements of ${keys} balances, ${count === 1 ? 'one core' : 'two ledgers on two cores'}`,
            subject: 'sealed and committed: leaves, tree, pages, closing balances',
            reference: 'the plain aggregate of the same rows, as many at once',
            // If the aggregate reads five million movements a second, this is two hundred thousand sealed movements.
            target: 25,
          },
          {
            subject: together(sealers.map((history) => sealing(history.jobs, history))),
            reference: together(
              sealers.map(({ jobs, orgId }) =>
                repeated(async () => {
                  await asJob(jobs, orgId, plainAggregate);
                  return movements;
                }),
              ),
            ),
          },
          options,
        );
      }
      for (const { jobs } of histories) await jobs.end();

      const [bound, free] = [
        await prepare(await server.createDatabase('bound')),
        await prepare(await server.createDatabase('free')),
      ];
      await execute(free.adminUrl, 'alter table inventory.movements disable trigger above_seal_boundary');
      for (const { adminUrl, orgId } of [bound, free]) {
        const drawer = new pg.Client(loginUrl(adminUrl, 'stockade_jobs'));
        await drawer.connect();
        await asJob(drawer, orgId, 'select inventory.draw_seal_boundary()');
        await drawer.end();
      }
      const [subject, reference] = [await posting(bound), await posting(free)];
      yield await compare(
        {
          name: 'single movement in the database alone, 4 clients',
          subject: 'with the lock of the seal boundary',
          reference: 'without',
          target: 1.05,
        },
        { subject: subject.load, reference: reference.load },
        options,
      );
      subject.close();
      reference.close();
    } finally {
      await server.stop();
    }
  },
};

/** A ledger whose whole history lies before its seal boundary, but none of it is sealed. */
async function openHistory(
  adminUrl: string,
  movements: number,
): Promise<Ledger & { readonly jobs: pg.Client }> {
  const ledger = await prepare(adminUrl);
  await plantHistory(ledger, movements);
  const jobs = new pg.Client(loginUrl(adminUrl, 'stockade_jobs'));
  await jobs.connect();
  await asJob(jobs, ledger.orgId, 'select inventory.draw_seal_boundary()');
  return { ...ledger, jobs };
}

/** Several loads at once, as one. */
function together(loads: readonly Load[]): Load {
  return async (durationMs) => {
    const operations = await Promise.all(loads.map((load) => load(durationMs)));
    return operations.reduce((sum, each) => sum + each, 0);
  };
}

interface Ledger {
  readonly adminUrl: string;
  readonly orgId: string;
}

async function prepare(adminUrl: string): Promise<Ledger> {
  const admin = new pg.Client(loginUrl(adminUrl, 'stockade_admin'));
  await admin.connect();
  const { id: orgId } = await createOrganization(admin, { slug: 'bench', name: 'Bench' }, 'bench');
  await admin.end();
  const jobs = new pg.Client(loginUrl(adminUrl, 'stockade_jobs'));
  await jobs.connect();
  await asJob(jobs, orgId, `select inventory.create_item('{"sku":"A","name":"A"}')`);
  await asJob(
    jobs,
    orgId,
    `select inventory.create_location(jsonb_build_object('code', 'L' || n, 'name', 'L')) from generate_series(0, 199) n`,
  );
  await asJob(jobs, orgId, `select inventory.post_entry('${JSON.stringify(receipt(0))}')`);
  await jobs.end();
  return { adminUrl, orgId };
}

/** A history like that of years of single-line entries. Sealing never reads balances, so there are none. */
async function plantHistory({ adminUrl, orgId }: Ledger, movements: number): Promise<void> {
  await execute(
    adminUrl,
    `alter table inventory.entries disable trigger user;
     alter table inventory.movements disable trigger user;
     insert into inventory.entries (org_id, id, kind, reference, occurred_at, recorded_at, actor)
     select '${orgId}', inventory.new_id(), 'receipt', 'PO-' || n, now(), now(), 'key:0aQ3xVb7LmTz'
     from generate_series(2, ${movements}) n;
     insert into inventory.movements (org_id, entry_id, line, item_id, location_id, quantity, occurred_at, recorded_at)
     select org_id, id, 1, md5((random() * ${keys / 10 - 1})::int::text)::uuid, md5((random() * 9)::int::text)::uuid, 1, occurred_at, recorded_at
     from inventory.entries
     where reference is not null
     order by id;
     alter table inventory.entries enable trigger user;
     alter table inventory.movements enable trigger user;
     ${['seals', 'seal_pages', 'seal_closings', 'seal_anchors']
       .map((table) => `alter table inventory.${table} disable trigger append_only;`)
       .join('\n')}`,
  );
  await execute(adminUrl, 'vacuum analyze inventory.entries');
  await execute(adminUrl, 'vacuum analyze inventory.movements');
}

const plainAggregate = `select count(*) from (
  select item_id, location_id, lot, sum(quantity), count(*) from inventory.movements group by item_id, location_id, lot
) as summed`;

/** Seals until the deadline. When the whole history is sealed, it removes the seals and starts again. */
function sealing(jobs: pg.Client, { adminUrl, orgId }: Ledger) {
  return repeated(async () => {
    const [row] = await asJob<{ seal: { movements: number } | null }>(
      jobs,
      orgId,
      `select inventory.seal_next(${mostMovements}) as seal`,
    );
    if (row?.seal) return row.seal.movements;
    await execute(adminUrl, `truncate ${sealTables}`);
    return 0;
  });
}

function repeated(operation: () => Promise<number>) {
  return async (durationMs: number) => {
    const deadline = performance.now() + durationMs;
    let done = 0;
    while (performance.now() < deadline) done += await operation();
    return done;
  };
}

async function asJob<Row extends pg.QueryResultRow>(
  jobs: pg.Client,
  orgId: string,
  statement: string,
): Promise<Row[]> {
  await jobs.query('begin');
  await jobs.query('set local max_parallel_workers_per_gather = 0');
  await jobs.query('select tenancy.enter_as_job($1)', [orgId]);
  const { rows } = await jobs.query<Row>(statement);
  await jobs.query('commit');
  return rows;
}

function receipt(place: number) {
  return { kind: 'receipt', lines: [{ sku: 'A', location: `L${place}`, quantity: 1 }] };
}

async function posting({ adminUrl, orgId }: Ledger) {
  const url = loginUrl(adminUrl, 'stockade_jobs');
  const statements = (client: number): Statement[] => [
    ['begin', []],
    ['select tenancy.enter_as_job($1)', [orgId]],
    ['select inventory.post_entry($1)', [JSON.stringify(receipt(client))]],
    ['commit', []],
  ];
  const sockets = await Promise.all([0, 1, 2, 3].map((client) => openSocket(url, statements(client))));
  return {
    load: clients(4, (client) => sockets[client]?.request() ?? Promise.reject(new Error('no such client'))),
    close: () => {
      for (const socket of sockets) socket.close();
    },
  };
}

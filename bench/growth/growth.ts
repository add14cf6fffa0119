import { toList } from '#http/page.ts';
import { type Asked, plantLedgers } from '#tests/prove/plans/plant.ts';
import { type Bench, type BenchOptions, type Comparison, compareRates, inTurns } from '../bench.ts';
import { type BenchServer, startServer } from '../database.ts';
import { onSuperuser } from '../history.ts';
import { type Ground, type Operation, operations, periodDays } from './operations.ts';
import { openSite, type Site } from './site.ts';
import { historySizes, organizationSizes, type Size } from './sizes.ts';

/** What a request may cost at any size, by what it costs at the smallest. */
const target = 1.3;

/** All databases in memory, as of a server that fits: what grows is then the work. */
const settings = { shared_buffers: '1GB', max_wal_size: '4GB' };

export const growth: Bench = {
  name: 'growth',
  summary:
    'The cost of a request at 10,000 to 1,000,000 movements (10,000,000 with --large), and beside 1 to 10,000 organizations, compared with the smallest of them: each operation in its handler, one client, on a server that does not wait for the disk',
  expect(options) {
    const [histories, organizations] = [historySizes(options), organizationSizes(options)];
    const comparisons = operations.length * (histories.length + organizations.length - 2);
    const turns = operations.length * (histories.length + organizations.length) * (options.rounds + 1);
    return { comparisons, seconds: fillSeconds(options) + (turns * growthRoundMs(options)) / 1_000 };
  },
  async *run(options, note) {
    const server = await startServer({ durable: false, settings });
    try {
      for (const sizes of [historySizes(options), organizationSizes(options)]) {
        note(`filling databases with ${sizes.map(({ shape }) => shape.name).join('; ')} …`);
        yield* measure(server, sizes, options);
      }
    } finally {
      await server.stop();
    }
  },
};

const turnsARound = 5;

/** A round has as many turns as there are sizes, and there are many operations. */
function growthRoundMs({ roundMs }: BenchOptions): number {
  return roundMs / 4;
}

function fillSeconds({ quick, large }: BenchOptions): number {
  return (quick ? 15 : 180) + (large ? 900 : 0);
}

interface Measured {
  readonly size: Size;
  readonly site: Site;
}

async function* measure(
  server: BenchServer,
  sizes: readonly Size[],
  options: BenchOptions,
): AsyncGenerator<Comparison> {
  const measured: Measured[] = [];
  try {
    for (const size of sizes) measured.push({ size, site: await fill(server, size) });
    for (const operation of operations) yield* compareSizes(operation, measured, options);
  } finally {
    for (const { site } of measured) await site.close();
  }
}

async function* compareSizes(
  { name, limitMs, timesATurn }: Operation,
  measured: readonly Measured[],
  options: BenchOptions,
): AsyncGenerator<Comparison> {
  const times = timesATurn && Math.ceil(timesATurn / (options.quick ? 5 : 1));
  const loads = measured.map(
    ({ site }) =>
      (durationMs: number) =>
        site.repeat(name, times === undefined ? { durationMs } : { times }),
  );
  const rates = await inTurns(loads, {
    rounds: options.rounds,
    roundMs: growthRoundMs(options),
    turnsARound,
  });
  const [smallest, ...larger] = measured.map(({ size }, index) => ({ size, rates: rates[index] ?? [] }));
  if (!smallest) return;
  for (const { size, rates: subject } of larger) {
    const { axis, at } = size;
    yield compareRates(
      {
        name: `${name}, ${size.shape.name}`,
        subject: size.shape.name,
        reference: smallest.size.shape.name,
        target,
        limitMs,
        point: { operation: name, axis, at, smallest: smallest.size.at },
      },
      { subject, reference: smallest.rates },
    );
  }
}

async function fill(server: BenchServer, { axis, at, shape }: Size): Promise<Site> {
  const adminUrl = await server.createDatabase(`${axis}_${at}`);
  const { asked } = await plantLedgers(adminUrl, shape);
  const ground: Ground = {
    items: shape.items,
    locations: shape.locations,
    cursors: {
      middle: await cursorAt(adminUrl, asked, (shape.days ?? 0) / 2),
      period: await cursorAt(adminUrl, asked, periodDays.middle),
    },
  };
  return openSite(adminUrl, { key: asked.key, ground });
}

/** The cursor after the last movement of S1 at L1 that is so many days old. */
async function cursorAt(adminUrl: string, { id }: Asked, daysAgo: number): Promise<string> {
  const { rows } = await onSuperuser(adminUrl, (superuser) =>
    superuser.query<{ entry_id: string; line: number }>(
      `select m.entry_id, m.line
       from inventory.movements m
       join inventory.items i on i.org_id = m.org_id and i.id = m.item_id and i.sku = 'S1'
       join inventory.locations l on l.org_id = m.org_id and l.id = m.location_id and l.code = 'L1'
       where m.org_id = $1 and m.recorded_at <= now() - $2 * interval '1 day'
       order by m.recorded_at desc, m.line
       limit 1`,
      [id, daysAgo],
    ),
  );
  const [row] = rows;
  if (!row) throw new Error(`nothing was recorded ${daysAgo} days ago`);
  return toList({ rows: [], next: [row.entry_id, String(row.line)] }).nextCursor ?? '';
}

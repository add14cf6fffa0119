import { randomUUID } from 'node:crypto';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { deadlocksIn } from '#tests/deadlocks.ts';
import { openDatabase } from './database.ts';
import { breakAt, chunks, ledgerOf, newOrganization, onHand, plainProfile, type Run, run } from './engine.ts';

const database = openDatabase();

interface Line {
  readonly organization: number;
  readonly sku: string;
  /** Not a quantity, when it is text. */
  readonly quantity: number | string;
  readonly reference: string;
}

const files: fc.Arbitrary<Line[]> = fc.array(
  fc.record({
    organization: fc.nat(1),
    sku: fc.constantFrom('A', 'B', 'C'),
    quantity: fc.oneof(
      { weight: 12, arbitrary: fc.integer({ min: -9, max: 9 }).filter((number) => number !== 0) },
      { weight: 1, arbitrary: fc.constantFrom('', '0', 'x', '1.00001') },
    ),
    reference: fc.constantFrom('1', '1', '2', ''),
  }),
  { minLength: 1, maxLength: 60 },
);

/** What must come of a file: what is on hand, the entries as their lines, and the lines that are rejected. */
function expected(lines: readonly Line[]) {
  const stock = [new Map<string, number>(), new Map<string, number>()];
  const open: (undefined | { key: string; lines: (Line & { line: number })[] })[] = [undefined, undefined];
  const entries: { organization: number; lines: (Line & { line: number })[] }[] = [];
  const rejected: number[] = [];
  for (const [index, each] of lines.entries()) {
    const line = index + 2;
    if (typeof each.quantity === 'string') {
      rejected.push(line);
      continue;
    }
    const key = `${each.reference} ${each.quantity > 0}`;
    const last = open[each.organization];
    if (last && each.reference !== '' && last.key === key) {
      last.lines.push({ ...each, line });
    } else {
      const entry = { key, organization: each.organization, lines: [{ ...each, line }] };
      open[each.organization] = entry;
      entries.push(entry);
    }
  }
  const applied = entries.filter((entry) => {
    const onHand = stock[entry.organization] as Map<string, number>;
    const after = new Map(onHand);
    for (const { sku, quantity } of entry.lines) after.set(sku, (after.get(sku) ?? 0) + Number(quantity));
    const isShort = [...after].some(([sku, left]) => left < 0 && left < (onHand.get(sku) ?? 0));
    if (isShort) rejected.push(...entry.lines.map(({ line }) => line));
    else for (const [sku, left] of after) onHand.set(sku, left);
    return !isShort;
  });
  return {
    stock: stock.map((each) => Object.fromEntries([...each].sort())),
    ledger: [0, 1].map((organization) =>
      applied
        .filter((entry) => entry.organization === organization)
        .map((entry) => {
          const [first] = entry.lines;
          const kind = Number(first?.quantity) > 0 ? 'receipt' : 'issue';
          const moved = entry.lines.map(({ sku, quantity }) => `${sku} ${quantity}`).join(', ');
          return `${first?.line} ${kind} ${first?.reference}: ${moved}`;
        }),
    ),
    rejected: rejected.sort((a, b) => a - b),
  };
}

function fileOf(lines: readonly Line[]) {
  const slugs = [0, 1].map((number) => `org-${number}-${randomUUID().slice(0, 8)}`);
  const text = lines.map(
    ({ organization, sku, quantity, reference }) =>
      `${slugs[organization]},${sku},${quantity},${reference}\n`,
  );
  return { slugs, text: `org,sku,qty,ref\n${text.join('')}` };
}

async function expectExact(lines: readonly Line[], slugs: readonly string[], { report, rejects }: Run) {
  const { stock, ledger, rejected } = expected(lines);
  for (const [index, slug] of slugs.entries()) {
    expect(await ledgerOf(database, slug)).toEqual(ledger[index]);
    expect(await onHand(database, slug)).toEqual(stock[index]);
  }
  expect(rejects.map(([line]) => line)).toEqual(rejected);
  expect(report.finished).toBe(true);
  expect(report.applied + report.alreadyApplied + report.rejected).toBe(lines.length);
}

/** Imports a file that breaks off after so many bytes. */
async function* breakingOff(text: string, bytes: number): AsyncGenerator<Buffer> {
  yield* chunks(text.slice(0, bytes), 64);
  throw new Error('interrupted');
}

test('whatever a file holds, each line is applied or rejected as if its entry were posted alone', async () => {
  await fc.assert(
    fc.asyncProperty(files, fc.integer({ min: 1, max: 20 }), async (lines, batchLines) => {
      const { slugs, text } = fileOf(lines);
      await expectExact(lines, slugs, await run(database, text, { batchLines }));
    }),
    { numRuns: 20 },
  );
});

test('interrupted anywhere, by the file or by the database, and run again: the same as one clean run', async () => {
  const breaks = fc.array(
    fc.oneof(
      fc.record({ statement: fc.integer({ min: 1, max: 60 }) }),
      fc.record({ share: fc.double({ min: 0, max: 1, noNaN: true }) }),
    ),
    { minLength: 1, maxLength: 3 },
  );
  let broken = 0;
  await fc.assert(
    fc.asyncProperty(files, breaks, fc.integer({ min: 1, max: 20 }), async (lines, points, batchLines) => {
      const { slugs, text } = fileOf(lines);
      for (const point of points) {
        const jobs = await database.connect('stockade_jobs');
        if ('statement' in point) breakAt(database, jobs, point.statement);
        const source =
          'share' in point ? breakingOff(text, Math.floor(point.share * text.length)) : chunks(text, 64);
        await run(database, text, { batchLines, jobs, more: 1, source }).catch(() => {
          broken += 1;
        });
      }
      await expectExact(lines, slugs, await run(database, text, { batchLines }));
    }),
    { numRuns: 20 },
  );
  expect(broken).toBeGreaterThan(10);
});

test('ended by the server in each of its statements in turn, and run again: as one clean run', async () => {
  const line = (organization: number, sku: string, quantity: number | string, reference: string) =>
    ({ organization, sku, quantity, reference }) satisfies Line;
  const lines = [
    line(0, 'A', 5, '1'),
    line(0, 'B', 2, '1'),
    line(1, 'A', 1, '1'),
    line(0, 'A', 'x', ''),
    line(0, 'A', -3, '2'),
    line(0, 'A', -9, ''),
    line(1, 'A', -1, ''),
  ];
  let statement = 0;
  for (let isBroken = true; isBroken; ) {
    statement += 1;
    const { slugs, text } = fileOf(lines);
    const jobs = await database.connect('stockade_jobs');
    breakAt(database, jobs, statement);
    const first = run(database, text, { batchLines: 2, jobs });
    isBroken = await first.then(
      () => false,
      () => true,
    );
    await expectExact(lines, slugs, await run(database, text, { batchLines: 2 }));
  }
  // Each of four batches has a statement at least, and the last number named none.
  expect(statement).toBeGreaterThan(4);
});

test('two runs of one import at once apply each line once', async () => {
  await fc.assert(
    fc.asyncProperty(files, fc.integer({ min: 1, max: 10 }), async (lines, batchLines) => {
      const { slugs, text } = fileOf(lines);
      const runs = await Promise.all([
        run(database, text, { batchLines }),
        run(database, text, { batchLines: batchLines + 3 }),
      ]);
      for (const each of runs) await expectExact(lines, slugs, each);
      const applied = runs.reduce((sum, { report }) => sum + report.applied, 0);
      expect(applied + expected(lines).rejected.length).toBe(lines.length);
    }),
    { numRuns: 10 },
  );
});

test('of two runs that come to one batch at the same moment, one applies it and the other finds it settled', async () => {
  const { id, slug, directory } = await newOrganization(database);
  const { organization: _, ...profile } = plainProfile;
  // The second batch waits inside its transaction, when its lines are posted and nothing is committed.
  await database.ask(`
    create function public.wait() returns trigger language plpgsql
    as $$ begin
      if (select count(*) from inventory.entries where org_id = '${id}') > 1 then perform pg_advisory_xact_lock(4711); end if;
      return null;
    end $$;
    create trigger wait after insert on inventory.movements for each statement execute function public.wait();
  `);
  const holder = await database.superuser();
  await holder.query('select pg_advisory_lock(4711)');
  const text = 'sku,qty,ref\nA,1,r1\nA,1,r2\nA,1,r3\n';
  const start = () => run(database, text, { profile, organizations: directory, batchLines: 1 });
  const runs = Promise.all([start(), start()]);
  for (let waiting = 0; waiting < 2; ) {
    const [row] = await database.ask(
      `select count(*)::int as waiting from pg_stat_activity
       where datname = current_database() and usename = 'stockade_jobs' and wait_event_type = 'Lock'`,
    );
    waiting = row.waiting;
  }
  await holder.query('select pg_advisory_unlock(4711)');
  const reports = (await runs).map(({ report }) => report);
  expect(reports.reduce((sum, { applied }) => sum + applied, 0)).toBe(3);
  expect(reports.map(({ lines, applied, alreadyApplied }) => lines - applied - alreadyApplied)).toEqual([
    0, 0,
  ]);
  expect(await onHand(database, slug)).toEqual({ A: 3 });
  await database.ask('drop trigger wait on inventory.movements; drop function public.wait()');
});

test('a line that another run has rejected since this one began is reported once', async () => {
  const { slug, directory } = await newOrganization(database);
  const { organization: _, ...profile } = plainProfile;
  const text = 'sku,qty,ref\nA,-1,r1\nA,1,r2\nA,1,r3\nB,-1,r4\nA,1,r5\n';
  const upTo = (reference: string) => text.indexOf(reference) + reference.length + 1;
  const options = { profile, organizations: directory, batchLines: 2 };
  const broken = run(database, text, { ...options, source: breakingOff(text, upTo('r3')) });
  await expect(broken).rejects.toThrow('interrupted');

  async function* overtaken() {
    yield Buffer.from(text.slice(0, upTo('r1')));
    await run(database, text, options);
    yield Buffer.from(text.slice(upTo('r1')));
  }
  const { rejects, report } = await run(database, text, { ...options, batchLines: 10, source: overtaken() });
  expect(rejects.map(([line]) => line)).toEqual([2, 5]);
  expect(report).toMatchObject({ applied: 0, alreadyApplied: 3, rejected: 2 });
  expect(await onHand(database, slug)).toEqual({ A: 3 });
});

test('twenty imports and postings of the same items at once neither deadlock nor lose anything', async () => {
  const { slug, directory } = await newOrganization(database);
  const { organization: _, ...profile } = plainProfile;
  const skus = Array.from({ length: 30 }, (_, index) => `S${index}`);
  const fileNumber = (number: number) => {
    const order = number % 2 === 0 ? skus : skus.toReversed();
    return `sku,qty,ref\n${order.map((sku, index) => `${sku},${index % 3 === 2 ? -1 : 2},${number}-${index}\n`).join('')}`;
  };
  const runs = await Promise.all(
    Array.from({ length: 20 }, (_, number) =>
      run(database, fileNumber(number), { profile, organizations: directory, batchLines: 7 }),
    ),
  );
  expect(await deadlocksIn(database.url)).toBe(0);
  const applied = runs.reduce((sum, { report }) => sum + report.applied, 0);
  const rejected = runs.reduce((sum, { report }) => sum + report.rejected, 0);
  expect(applied + rejected).toBe(20 * 30);
  const [{ wrong, movements }] = await database.ask(
    `select
       (select count(*)::int from inventory.movements m join tenancy.organizations o on o.id = m.org_id where o.slug = $1)
         as movements,
       (select count(*)::int
        from inventory.balances b
        join tenancy.organizations o on o.id = b.org_id
        where o.slug = $1 and (b.on_hand < 0 or (b.on_hand, b.version) is distinct from (
          select (sum(m.quantity), count(*)) from inventory.movements m where m.org_id = b.org_id and m.item_id = b.item_id
        ))) as wrong`,
    [slug],
  );
  expect({ wrong, movements }).toEqual({ wrong: 0, movements: applied });
});

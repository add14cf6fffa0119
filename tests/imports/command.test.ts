import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text as readText } from 'node:stream/consumers';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { paths } from '#scripts/paths.ts';
import { run } from '#tests/commands/run.ts';
import { openDatabase } from './database.ts';
import { newOrganization, onHand } from './engine.ts';

const database = openDatabase();
const script = join(paths.root, 'scripts/ledger/import.ts');

let folder: string;
let profile: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'stockade-import-'));
  profile = await write('profile.json', {
    sku: { column: 'sku' },
    quantity: { column: 'qty', sign: 'in' },
    location: { constant: 'main' },
    reference: { column: 'ref' },
    items: { allowNegative: true },
  });
});
afterAll(() => rm(folder, { recursive: true }));

let org: Awaited<ReturnType<typeof newOrganization>>;
beforeEach(async () => {
  org = await newOrganization(database);
});

async function write(name: string, content: object | string | Buffer): Promise<string> {
  const path = join(folder, name);
  const isText = typeof content === 'string' || Buffer.isBuffer(content);
  await writeFile(path, isText ? content : JSON.stringify(content));
  return path;
}

function start(...args: readonly string[]): ChildProcess {
  return spawn(process.execPath, [script, '--database-url', database.url, ...args], {
    cwd: folder,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
}

async function type(...args: readonly string[]) {
  const typed = await run('ledger/import.ts', ['--database-url', database.url, ...args]);
  return { out: typed.stdout, err: typed.stderr, code: typed.exitCode };
}

async function ended(child: ChildProcess) {
  const [out, err, [code]] = await Promise.all([
    readText(child.stdout as NodeJS.ReadableStream & AsyncIterable<Buffer>),
    readText(child.stderr as NodeJS.ReadableStream & AsyncIterable<Buffer>),
    once(child, 'exit'),
  ]);
  return { out, err, code: code as number | null };
}

/** A file of so many lines, a few of them bad, and what is on hand after it. */
function someLines(count: number) {
  const onHand: Record<string, number> = {};
  const lines = Array.from({ length: count }, (_, index) => {
    const sku = `S${index % 37}`;
    if (index % 101 === 100) return `${sku},nothing,r${index}`;
    const quantity = (index % 19) - 9 || 10;
    onHand[sku] = (onHand[sku] ?? 0) + quantity;
    return `${sku},${quantity},r${Math.floor(index / 3)}`;
  });
  return {
    text: `sku,qty,ref\n${lines.join('\n')}\n`,
    onHand,
    bad: lines.filter((line) => line.includes('nothing')).length,
  };
}

describe('a file', () => {
  test('is imported, and says what was done', async () => {
    const file = await write('plain.csv', 'sku,qty,ref\nA,5,r1\nA,-2,r2\n');
    const { out, code } = await type(file, '--profile', profile, '--org', org.slug, '--create-items');
    expect(code).toBe(0);
    expect(out).toMatch(/^Imported\.\n {2}lines +2\n {2}applied +2 in 2 entries\n/);
    expect(await onHand(database, org.slug)).toEqual({ A: 3 });
    expect(await readdir(folder)).not.toContain('plain.csv.rejects.csv');
  });

  test('may be compressed, have a byte order mark, CRLF and quotes, and be named anything', async () => {
    const text = '\ufeffsku,qty,note,ref\r\n"A,1",5,"two\r\nlines",r1\r\n"say ""B""",1,,r1\r\n';
    const file = await write('odd.data', gzipSync(text));
    const { out, code } = await type(
      file,
      '--profile',
      profile,
      '--org',
      org.slug,
      '--create-items',
      '--json',
    );
    expect(code).toBe(0);
    expect(JSON.parse(out)).toMatchObject({
      lines: 2,
      applied: 2,
      entries: 1,
      itemsCreated: 2,
      rejects: null,
    });
    expect(await onHand(database, org.slug)).toEqual({ 'A,1': 5, 'say "B"': 1 });
  });

  test('with bad lines leaves them beside it, to be corrected and imported with the same profile', async () => {
    const bad = Buffer.from('B\u00e9,1,r2\n', 'latin1');
    const file = await write(
      'bad.csv',
      Buffer.concat([
        Buffer.from('sku,qty,ref\nA,1,r1\nA,one,"r,2"\n'),
        bad,
        Buffer.from('"C,1,r3\nD,4,r4\n'),
      ]),
    );
    const first = await type(file, '--profile', profile, '--org', org.slug, '--create-items');
    expect(first.code).toBe(0);
    expect(first.out).toContain('line 3: the quantity "one" is not a number');
    const rejects = join(folder, 'bad.csv.rejects.csv');
    expect(first.out).toContain(rejects);
    const content = await readFile(rejects);
    expect(content.toString('latin1')).toBe(
      [
        'reject_line,reject_reason,sku,qty,ref',
        '3,"the quantity ""one"" is not a number",A,one,"r,2"',
        '4,the line is not valid UTF-8,B\u00e9,1,r2',
        '5,a quoted field that begins on this line is not closed correctly (write a quote inside a quoted field twice),"""C,1,r3"',
        '',
      ].join('\n'),
    );
    expect((await type(file, '--profile', profile, '--org', org.slug)).code).toBe(0);
    expect(await readFile(rejects)).toEqual(content);

    const corrected = await write('corrected.csv', content.toString('latin1').replace('one,', '2,'));
    const second = await type(corrected, '--profile', profile, '--org', org.slug, '--create-items', '--json');
    expect(JSON.parse(second.out)).toMatchObject({ applied: 2, rejected: 1 });
    expect(await onHand(database, org.slug)).toEqual({ A: 3, 'B\u00e9': 1, D: 4 });
  });

  test('is only looked at in a dry run', async () => {
    const file = await write('dry.csv', 'sku,qty,ref\nA,1,r1\nA,x,r1\n');
    const { out, code } = await type(
      file,
      '--profile',
      profile,
      '--org',
      org.slug,
      '--create-items',
      '--dry-run',
    );
    expect(code).toBe(0);
    expect(out).toContain('Dry run: nothing was written');
    expect(out).toContain('line 3: the quantity "x" is not a number');
    expect(await onHand(database, org.slug)).toEqual({});
    expect(await readdir(folder)).not.toContain('dry.csv.rejects.csv');
  });
});

describe('what is typed wrongly exits with 2 and says what is wrong', () => {
  const wrong = async (file: string, ...args: string[]) => {
    const { err, code, out } = await type(file, ...args);
    expect({ code, out }).toEqual({ code: 2, out: '' });
    expect(err).toContain('See npm run import -- --help');
    return err;
  };

  test('a file that is not there, a profile that is none, and nobody whose lines these are', async () => {
    const file = await write('ok.csv', 'sku,qty,ref\nA,1,r1\n');
    const broken = await write('broken.json', '{');
    const bad = await write('bad.json', {
      sku: { column: 'sku' },
      quantity: { column: 'qty', sign: 'up' },
      colour: 1,
    });
    const gone = join(folder, 'gone.csv');
    const given = ['--profile', profile, '--org', org.slug];
    expect(await wrong(gone, ...given)).toContain(`cannot read ${gone}`);
    expect(await wrong(file, '--profile', broken, '--org', org.slug)).toContain('is not JSON');
    const badFields = await wrong(file, '--profile', bad, '--org', org.slug);
    expect(badFields).toContain('quantity.sign: must be in, out or byKind');
    expect(badFields).toContain('location: is required');
    expect(badFields).toContain('profile: has no field "colour"');
    expect(await wrong(file, '--profile', profile)).toContain('--org');
    expect(await wrong(folder, ...given)).toContain('is not a file');
  });

  test('a column that the file does not have, with those it has', async () => {
    const file = await write('columns.csv', 'SKU;qty\nA;1\n');
    expect(await wrong(file, '--profile', profile, '--org', org.slug)).toContain(
      'sku.column: the file has no column "sku"; it has "SKU;qty"',
    );
  });
});

test('a file that was imported with another profile is refused, with what to do', async () => {
  const file = await write('twice.csv', 'sku,qty,ref\nA,1,r1\n');
  const other = await write('other.json', {
    ...JSON.parse(await readFile(profile, 'utf8')),
    quantity: { column: 'qty', sign: 'out' },
  });
  await type(file, '--profile', profile, '--org', org.slug, '--create-items');
  const refused = await type(file, '--profile', other, '--org', org.slug);
  expect(refused.code).toBe(1);
  expect(refused.err).toContain(
    `1 line of this file: already imported into ${org.slug}, with another profile`,
  );
  expect(refused.err).toContain('--again');
  expect((await type(file, '--profile', other, '--org', org.slug, '--again')).code).toBe(0);
  expect(await onHand(database, org.slug)).toEqual({ A: 0 });
});

test('a compressed file that was cut off is refused before anything is applied', async () => {
  const whole = gzipSync(someLines(20_000).text);
  const file = await write('cut.csv.gz', whole.subarray(0, whole.length - 100));
  const { err, code } = await type(file, '--profile', profile, '--org', org.slug, '--create-items');
  expect(code).toBe(1);
  expect(err).toContain('is damaged: unexpected end of file');
  expect(err).not.toContain('    at ');
  expect(await onHand(database, org.slug)).toEqual({});
});

describe('interrupted', () => {
  const expectAllOnce = async (file: string, given: ReturnType<typeof someLines>, count: number) => {
    const { out, code } = await type(file, ...options());
    expect(code).toBe(0);
    const report = JSON.parse(out);
    expect(report).toMatchObject({ finished: true, lines: count, rejected: given.bad });
    expect(report.applied + report.alreadyApplied).toBe(count - given.bad);
    expect(await onHand(database, org.slug)).toEqual(given.onHand);
    const rejects = await readFile(`${file}.rejects.csv`, 'utf8');
    expect(rejects.trimEnd().split('\n')).toHaveLength(given.bad + 1);
    expect((await readdir(folder)).filter((name) => name.endsWith('.partial'))).toEqual([]);
    return report;
  };
  const options = () => [
    '--profile',
    profile,
    '--org',
    org.slug,
    '--create-items',
    '--batch-lines',
    '100',
    '--json',
  ];

  /** Listens for committed batches; `seen` resolves with the one that was asked for. */
  async function listenForBatch(number: number): Promise<{ readonly seen: Promise<void> }> {
    const listener = await database.superuser();
    let count = 0;
    const seen = new Promise<void>((resolve) => {
      listener.on('notification', () => {
        count += 1;
        if (count === number) resolve();
      });
    });
    await listener.query('listen batch');
    return { seen };
  }

  beforeAll(async () => {
    await database.ask(`
      create function public.tell() returns trigger language plpgsql
      as $$ begin perform pg_notify('batch', new.lines_through::text); return null; end $$;
      create trigger tell after update on inventory.imports for each row execute function public.tell();
    `);
  });

  test('kill -9 again and again, and the same command once more: no line twice, none lost', async () => {
    const given = someLines(1_000);
    const file = await write('killed.csv', given.text);
    const holder = await database.superuser();
    await holder.query('select pg_advisory_lock(4712)');
    const progress = async () => {
      const [row] = await database.ask(
        'select lines_through::int as through, applied::int from inventory.imports where org_id = $1',
        [org.id],
      );
      return row;
    };
    for (const most of [150, 550, 850]) {
      // A batch that passes so many lines waits: all of it is written, and nothing is committed.
      await database.ask(`
        create or replace function public.hold() returns trigger language plpgsql as $$ begin
          if new.lines_through > ${most} then perform pg_advisory_xact_lock_shared(4712); end if;
          return null;
        end $$;
        create or replace trigger hold after update on inventory.imports for each row execute function public.hold();
      `);
      const child = start(file, ...options());
      const exited = once(child, 'exit');
      const isHeld = `from pg_stat_activity where datname = current_database() and wait_event = 'advisory'`;
      await until(async () => (await database.ask(`select pid ${isHeld}`)).length > 0);
      child.kill('SIGKILL');
      expect(await exited).toEqual([null, 'SIGKILL']);
      await database.ask(`select pg_terminate_backend(pid, 10000) ${isHeld}`);
      const { through } = await progress();
      // A batch ends with the entry that its hundredth line belongs to.
      expect([most, through > most - 105 && through <= most]).toEqual([most, true]);
    }
    await holder.query('select pg_advisory_unlock(4712)');
    await database.ask('drop trigger hold on inventory.imports; drop function public.hold()');
    const { applied } = await progress();
    const report = await expectAllOnce(file, given, 1_000);
    expect(report).toMatchObject({ alreadyApplied: applied, applied: 1_000 - given.bad - applied });
  });

  test('kill -9 in the middle of a batch leaves nothing of it', async () => {
    const given = someLines(1_000);
    const file = await write('halfway.csv', given.text);
    const holder = await database.superuser();
    await holder.query('select pg_advisory_lock(4711)');
    await database.ask(`
      create function public.wait() returns trigger language plpgsql
      as $$ begin
        if (select count(*) from inventory.entries) > 100 then perform pg_advisory_xact_lock(4711); end if;
        return null;
      end $$;
      create trigger wait after insert on inventory.movements for each statement execute function public.wait();
    `);
    const child = start(file, ...options());
    await until(async () => {
      const waiting = await database.ask(
        `select from pg_locks l join pg_database d on d.oid = l.database
         where d.datname = current_database() and l.locktype = 'advisory' and not l.granted`,
      );
      return waiting.length > 0;
    });
    const [{ through }] = await database.ask(
      'select max(lines_through)::int as through from inventory.imports where org_id = $1',
      [org.id],
    );
    const exited = once(child, 'exit');
    child.kill('SIGKILL');
    expect(await exited).toEqual([null, 'SIGKILL']);
    await holder.query('select pg_advisory_unlock(4711)');
    const report = await expectAllOnce(file, given, 1_000);
    // What was committed before; nothing of the batch that was at work.
    expect(report.alreadyApplied).toBeLessThan(through);
    expect(report.alreadyApplied).toBeGreaterThanOrEqual(through - 20);
    await database.ask('drop trigger wait on inventory.movements; drop function public.wait()');
  });

  test('Ctrl-C ends after the current batch with exit code 130, and says how to continue', async () => {
    const given = someLines(4_000);
    const file = await write('stopped.csv', given.text);
    const batch = await listenForBatch(2);
    const child = start(file, ...options().slice(0, -1));
    const end = ended(child);
    await batch.seen;
    child.kill('SIGINT');
    const { out, code } = await end;
    expect(code).toBe(130);
    expect(out).toContain('Stopped.');
    expect(out).toContain('Run the same command again to continue');
    expect(await readdir(folder)).not.toContain('stopped.csv.rejects.csv');
    const report = await expectAllOnce(file, given, 4_000);
    expect(report.applied).toBeGreaterThan(0);
  });
});

async function until(isSo: () => Promise<boolean>): Promise<void> {
  while (!(await isSo())) await new Promise((resolve) => setImmediate(resolve));
}

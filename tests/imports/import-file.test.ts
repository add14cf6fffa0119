import { describe, expect, test } from 'vitest';
import { organizationsByName } from '#ledger/imports/organizations.ts';
import { openDatabase } from './database.ts';
import { ledgerOf, newOrganization, onHand, plainProfile, type RunOptions, run } from './engine.ts';

const database = openDatabase();

/** A profile for files of one organization: `sku,qty,ref`, items that may not go negative. */
const { organization: _, ...ownProfile } = plainProfile;

async function own() {
  const { slug, id, directory } = await newOrganization(database);
  const runFile = (text: string, options: RunOptions = {}) =>
    run(database, text, { profile: ownProfile, organizations: directory, ...options });
  return {
    id,
    slug,
    runFile,
    /** A file with the columns of the profile. */
    run: (lines: string, options?: RunOptions) => runFile(`sku,qty,ref\n${lines}`, options),
    onHand: () => onHand(database, slug),
    ledger: () => ledgerOf(database, slug),
  };
}

describe('what becomes of lines', () => {
  test('lines in a row with one reference and one kind are an entry; one without a reference is its own', async () => {
    const org = await own();
    const { report, rejects } = await org.run('A,5,r1\nB,2,r1\nA,-1,r1\nA,1,r2\nA,1,\nB,1,\nA,1,r1\n');
    expect(rejects).toEqual([]);
    expect(report).toMatchObject({ finished: true, lines: 7, applied: 7, entries: 6, itemsCreated: 2 });
    expect(await org.ledger()).toEqual([
      '2 receipt r1: A 5, B 2',
      '4 issue r1: A -1',
      '5 receipt r2: A 1',
      '6 receipt : A 1',
      '7 receipt : B 1',
      '8 receipt r1: A 1',
    ]);
    expect(await org.onHand()).toEqual({ A: 7, B: 3 });
  });

  test('a local time is the instant it was in its time zone', async () => {
    const org = await own();
    const time = { column: 'at', format: 'yyyy-MM-dd HH:mm', timeZone: 'Europe/London' };
    await org.runFile('sku,qty,ref,at\nA,1,w,2011-01-31 15:00\nA,1,s,2011-05-31 15:00\n', {
      profile: { ...ownProfile, time },
    });
    expect(
      await database.ask(
        `select reference, inventory.iso(occurred_at) as at from inventory.entries where org_id = $1 order by id`,
        [org.id],
      ),
    ).toEqual([
      { reference: 'w', at: '2011-01-31T15:00:00.000Z' },
      { reference: 's', at: '2011-05-31T14:00:00.000Z' },
    ]);
  });

  test('a file of rejected lines means what the file meant that they are of, formulas included', async () => {
    const org = await own();
    const { rejects } = await org.runFile(
      `reject_line,reject_reason,sku,qty,ref\n2,x,'=A1,5,'-r\n3,x,''@B,-0,r\n4,x,'=A1,-2,r\n`,
    );
    expect(rejects.map(([line]) => line)).toEqual([3]);
    expect(await org.onHand()).toEqual({ '=A1': 3 });
    expect(await org.ledger()).toEqual(['2 receipt -r: =A1 5', '4 issue r: =A1 -2']);
  });

  test('quantities arrive digit by digit', async () => {
    const org = await own();
    await org.run('A,99999999999.9998,r\nA,0.0001,r\n');
    expect(
      await database.ask('select on_hand::text from inventory.balances where org_id = $1', [org.id]),
    ).toEqual([{ on_hand: '99999999999.9999' }]);
  });

  test('the first description that is there names the item; without one its SKU does', async () => {
    const org = await own();
    await org.runFile('sku,qty,ref,name\nA,1,r,\nA,1,r,First\nA,1,r,Second\nB,1,r,\n', {
      profile: { ...ownProfile, items: { name: { column: 'name' }, unit: 'box', allowNegative: true } },
    });
    expect(
      await database.ask(
        'select sku, name, unit, allow_negative from inventory.items where org_id = $1 order by sku',
        [org.id],
      ),
    ).toEqual([
      { sku: 'A', name: 'First', unit: 'box', allow_negative: true },
      { sku: 'B', name: 'B', unit: 'box', allow_negative: true },
    ]);
  });
});

describe('what is rejected', () => {
  test('a line whose time is more than a minute ahead, in the time zone of the file', async () => {
    const org = await own();
    const { report, rejects } = await org.runFile(
      'sku,qty,ref,at\nA,1,a,2126-01-31 15:00\nA,2,b,2026-01-31 15:00\n',
      {
        profile: {
          ...ownProfile,
          time: { column: 'at', format: 'yyyy-MM-dd HH:mm', timeZone: 'Europe/London' },
        },
      },
    );
    expect(rejects).toEqual([
      [2, expect.stringMatching(/^the time is more than a minute ahead: it is .*Z now$/)],
    ]);
    expect(report).toMatchObject({ applied: 1, rejected: 1 });
    expect(await org.onHand()).toEqual({ A: 2 });
  });

  test('an entry the stock does not cover goes whole, and every other is as if it had been alone', async () => {
    const org = await own();
    // r2 takes too much of A: its B stays. r3 and r5 have enough, also since r2 took nothing. r4 comes before its receipt.
    const lines = 'A,5,r1\nA,-6,r2\nB,3,r2b\nA,-5,r3\nB,-4,r4\nB,1,r4b\nB,-4,r5\n';
    for (const batchLines of [1, 1_000]) {
      const each = await own();
      const { report, rejects } = await each.run(lines, { batchLines });
      expect(rejects).toEqual([
        [3, 'not enough stock of A at main: 5 available, the entry takes 6'],
        [6, 'not enough stock of B at main: 3 available, the entry takes 4'],
      ]);
      expect(report).toMatchObject({ applied: 5, rejected: 2, lines: 7 });
      expect(await each.onHand()).toEqual({ A: 0, B: 0 });
    }
    const { rejects } = await org.run('A,1,x\nA,-1,y\nB,-1,y\nA,-1,z\n');
    expect(rejects.map(([line]) => line)).toEqual([3, 4]);
    expect(await org.onHand()).toEqual({ A: 0 });
  });

  test('two lines of one item in one entry are summed before the check', async () => {
    const org = await own();
    await org.run('A,5,r1\n');
    expect((await org.run('A,-3,r2\nA,-3,r2\n')).rejects.map(([line]) => line)).toEqual([2, 3]);
    expect(await org.onHand()).toEqual({ A: 5 });
  });

  test('a balance that would overflow rejects its entry, not the import', async () => {
    const org = await own();
    const { rejects } = await org.run('A,99999999998,r1\nA,1,r2\nA,5,r3\nB,1,r4\n');
    expect(rejects).toEqual([
      [4, 'the balance of A at main would exceed fifteen digits, four of them decimals'],
    ]);
    expect(await org.onHand()).toEqual({ A: 99_999_999_999, B: 1 });
  });

  test('items and locations that are missing, unless they may be made', async () => {
    const org = await own();
    const { rejects, report } = await org.run('A,1,r\n', { createMissing: false });
    expect(rejects).toEqual([[2, 'there is no item with the SKU "A"']]);
    expect(report).toMatchObject({ applied: 0, rejected: 1, itemsCreated: 0 });
    expect(await database.ask('select from inventory.items where org_id = $1', [org.id])).toEqual([]);
  });

  test('a line whose lot does not go with its item', async () => {
    const org = await own();
    const profile = { ...ownProfile, lot: { column: 'lot' } };
    await org.runFile('sku,qty,ref,lot\nL,1,r,x1\n', { profile: { ...profile, items: { tracking: 'lot' } } });
    const { rejects } = await org.runFile('sku,qty,ref,lot\nL,1,r,\nL,2,r,x1\nN,1,r,y\nN,1,r,\n', {
      profile,
    });
    expect(rejects).toEqual([
      [2, 'this item is tracked by lot: name the lot'],
      [4, 'this item is not tracked by lot: leave the lot out'],
    ]);
    expect(await org.onHand()).toEqual({ L: 3, N: 1 });
  });

  test('rejects come in the order of the file, whenever they were found', async () => {
    const org = await own();
    const { rejects } = await org.run('A,-1,r1\nA,x,\nA,1,r2\nA,-2,r3\nA\nA,-1,r4\n', { batchLines: 2 });
    expect(rejects.map(([line]) => line)).toEqual([2, 3, 5, 6]);
  });
});

describe('organizations', () => {
  const unique = () => crypto.randomUUID().slice(0, 8);

  test('are made when they may be, without a key, and otherwise their lines are rejected', async () => {
    const name = `Müller ${unique()}`;
    const slug = name.toLowerCase().replace('ü', 'u').replace(' ', '-');
    const text = `org,sku,qty,ref\n${name},A,1,r\n${name},A,2,r\n`;
    const admin = await database.connect('stockade_admin');
    const without = await run(database, text, {
      organizations: organizationsByName(admin, { create: false, trial: false }),
    });
    expect(without.rejects).toEqual([
      [2, `there is no organization ${slug}`],
      [3, `there is no organization ${slug}`],
    ]);
    const { report } = await run(database, text);
    expect(report).toMatchObject({ applied: 2, organizationsCreated: [slug] });
    expect(
      await database.ask(
        `select o.name, count(k.key_id)::int as keys from tenancy.organizations o
         left join tenancy.api_keys k on k.org_id = o.id where o.slug = $1 group by o.name`,
        [slug],
      ),
    ).toEqual([{ name, keys: 0 }]);
    expect(await onHand(database, slug)).toEqual({ A: 3 });
  });

  test('two names of one slug are never one organization', async () => {
    const id = unique();
    const { rejects } = await run(database, `org,sku,qty,ref\nA ${id},A,1,r\nA-${id},A,1,r\na-${id},A,1,r\n`);
    expect(rejects).toEqual([
      [3, expect.stringContaining(`has the slug a-${id}, which belongs to "A ${id}"`)],
    ]);
    expect(await onHand(database, `a-${id}`)).toEqual({ A: 2 });
  });

  test('the profile may say which one a name means', async () => {
    const org = await own();
    const profile = { ...plainProfile, organization: { column: 'org', values: { 'Us (new)': org.slug } } };
    await run(database, 'org,sku,qty,ref\nUs (new),A,1,r\n', { profile });
    expect(await org.onHand()).toEqual({ A: 1 });
  });

  test('a suspended one takes nothing', async () => {
    const org = await own();
    await database.ask(`update tenancy.organizations set status = 'suspended' where id = $1`, [org.id]);
    const { rejects } = await run(database, `org,sku,qty,ref\n${org.slug},A,1,r\n`);
    expect(rejects).toEqual([[2, `the organization ${org.slug} is suspended`]]);
    await expect(org.run('A,1,r\n')).rejects.toThrow('suspended');
  });
});

describe('a second run', () => {
  test('applies nothing again, and rejects the same lines for the same reasons', async () => {
    const org = await own();
    const lines = 'A,1,r1\nA,-5,r2\nA,x,r3\nA,1,r4\n';
    const first = await org.run(lines);
    const second = await org.run(lines);
    expect(second.rejects).toEqual(first.rejects);
    expect(second.report).toMatchObject({ lines: 4, applied: 0, alreadyApplied: 2, rejected: 2, entries: 0 });
    expect(await org.onHand()).toEqual({ A: 2 });
    expect(
      await database.ask(
        `select applied::int, rejected::int, entries::int, lines_through::int, finished_at is not null as finished
         from inventory.imports where org_id = $1`,
        [org.id],
      ),
    ).toEqual([{ applied: 2, rejected: 1, entries: 2, lines_through: 5, finished: true }]);
  });

  test('with another size of batches is the same import', async () => {
    const org = await own();
    const lines = 'A,1,r1\nA,1,r1\nA,1,r2\nA,1,r3\n';
    await org.run(lines, { batchLines: 1 });
    expect((await org.run(lines, { batchLines: 1_000 })).report.alreadyApplied).toBe(4);
    expect(await org.onHand()).toEqual({ A: 4 });
  });

  test('can try rejected lines again, and those only', async () => {
    const org = await own();
    const lines = 'A,1,r1\nB,-2,r2\nB,-1,r3\n';
    await org.run(lines, { createMissing: false });
    const second = await org.run(lines, { retryRejects: true });
    expect(second.rejects.map(([line]) => line)).toEqual([3, 4]);
    expect(second.report).toMatchObject({ applied: 1, alreadyApplied: 0, rejected: 2 });
    await org.run('B,2,x\n');
    const third = await org.run(lines, { retryRejects: true });
    expect(third.report).toMatchObject({ applied: 1, alreadyApplied: 1, rejected: 1 });
    expect((await org.run(lines, { retryRejects: true })).rejects.map(([line]) => line)).toEqual([4]);
    expect(await org.onHand()).toEqual({ A: 1, B: 0 });
    expect(
      await database.ask(
        `select applied::int, rejected::int from inventory.imports where org_id = $1 and applied = 2`,
        [org.id],
      ),
    ).toEqual([{ applied: 2, rejected: 1 }]);
  });

  test('with another profile is refused, unless it is meant', async () => {
    const org = await own();
    await org.run('A,1,r1\n');
    const profile = { ...ownProfile, location: { constant: 'other' } };
    await expect(org.run('A,1,r1\n', { profile })).rejects.toMatchObject({ code: 'imported_otherwise' });
    expect(await org.onHand()).toEqual({ A: 1 });
    await org.run('A,1,r1\n', { profile, again: true });
    expect(await org.onHand()).toEqual({ A: 2 });
  });
});

describe('a dry run', () => {
  test('tells exactly what the real one will do, batch by batch, and writes nothing', async () => {
    const lines = 'A,5,r1\nB,1,r1\nA,-6,r2\nA,-5,r3\nA,-1,r4\nA,x,\nB,2,r5\n';
    for (const batchLines of [1, 1_000]) {
      const org = await own();
      const dry = await org.run(lines, { trial: true, batchLines });
      expect(
        await database.ask(
          `select (select count(*) from inventory.items where org_id = $1)
             + (select count(*) from inventory.imports where org_id = $1)
             + (select count(*) from inventory.entries where org_id = $1) as written`,
          [org.id],
        ),
      ).toEqual([{ written: '0' }]);
      expect(await org.run(lines, { batchLines })).toEqual(dry);
      expect(dry.report).toMatchObject({ applied: 4, rejected: 3, itemsCreated: 2, locationsCreated: 1 });
    }
  });

  test('also for organizations that do not exist yet', async () => {
    const name = `New ${crypto.randomUUID().slice(0, 8)}`;
    const text = `org,sku,qty,ref\n${name},A,1,r1\n${name},A,-2,r2\n`;
    const dry = await run(database, text, { trial: true });
    expect(dry.rejects).toEqual([[3, 'not enough stock of A at main: 1 available, the entry takes 2']]);
    expect(await database.ask('select from tenancy.organizations where name = $1', [name])).toEqual([]);
    expect(await run(database, text)).toEqual(dry);
  });
});

test('the login roles can post a batch only as a job, and only in the organization they entered', async () => {
  const org = await own();
  const call = `select inventory.import_batch(
    decode(repeat('00', 32), 'hex'), decode(repeat('00', 32), 'hex'), 'f', '{"trial": false}',
    '{}', '{}', '{}', '{}', '{}', '{}', '{}', '{}', '{}', '{}', '{}', '{}')`;
  for (const role of ['stockade_api', 'stockade_admin'] as const) {
    await expect((await database.connect(role)).query(call)).rejects.toMatchObject({ code: '42501' });
  }
  const jobs = await database.connect('stockade_jobs');
  await expect(jobs.query(call)).rejects.toMatchObject({ code: 'SK902' });
  await expect(jobs.query(`update inventory.imports set applied = 1`)).rejects.toMatchObject({
    code: '42501',
  });
  await org.run('A,1,r1\n');
  expect((await jobs.query('select from inventory.imports')).rows).toEqual([]);
});

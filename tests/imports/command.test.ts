import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { openCommand, someLines } from './command-world.ts';
import { onHand } from './engine.ts';

const world = openCommand();
const { database, write, type } = world;

describe('a file', () => {
  test('is imported, and says what was done', async () => {
    const file = await write('plain.csv', 'sku,qty,ref\nA,5,r1\nA,-2,r2\n');
    const { out, code } = await type(
      file,
      '--profile',
      world.profile,
      '--org',
      world.org.slug,
      '--create-items',
    );
    expect(code).toBe(0);
    expect(out).toMatch(/^Imported\.\n {2}lines +2\n {2}applied +2 in 2 entries\n/);
    expect(await onHand(database, world.org.slug)).toEqual({ A: 3 });
    expect(await readdir(world.folder)).not.toContain('plain.csv.rejects.csv');
  });

  test('may be compressed, have a byte order mark, CRLF and quotes, and be named anything', async () => {
    const text = '\ufeffsku,qty,note,ref\r\n"A,1",5,"two\r\nlines",r1\r\n"say ""B""",1,,r1\r\n';
    const file = await write('odd.data', gzipSync(text));
    const { out, code } = await type(
      file,
      '--profile',
      world.profile,
      '--org',
      world.org.slug,
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
    expect(await onHand(database, world.org.slug)).toEqual({ 'A,1': 5, 'say "B"': 1 });
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
    const first = await type(file, '--profile', world.profile, '--org', world.org.slug, '--create-items');
    expect(first.code).toBe(0);
    expect(first.out).toContain('line 3: the quantity "one" is not a number');
    const rejects = join(world.folder, 'bad.csv.rejects.csv');
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
    expect((await type(file, '--profile', world.profile, '--org', world.org.slug)).code).toBe(0);
    expect(await readFile(rejects)).toEqual(content);

    const corrected = await write('corrected.csv', content.toString('latin1').replace('one,', '2,'));
    const second = await type(
      corrected,
      '--profile',
      world.profile,
      '--org',
      world.org.slug,
      '--create-items',
      '--json',
    );
    expect(JSON.parse(second.out)).toMatchObject({ applied: 2, rejected: 1 });
    expect(await onHand(database, world.org.slug)).toEqual({ A: 3, 'B\u00e9': 1, D: 4 });
  });

  test('is only looked at in a dry run', async () => {
    const file = await write('dry.csv', 'sku,qty,ref\nA,1,r1\nA,x,r1\n');
    const { out, code } = await type(
      file,
      '--profile',
      world.profile,
      '--org',
      world.org.slug,
      '--create-items',
      '--dry-run',
    );
    expect(code).toBe(0);
    expect(out).toContain('Dry run: nothing was written');
    expect(out).toContain('line 3: the quantity "x" is not a number');
    expect(await onHand(database, world.org.slug)).toEqual({});
    expect(await readdir(world.folder)).not.toContain('dry.csv.rejects.csv');
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
    const gone = join(world.folder, 'gone.csv');
    const given = ['--profile', world.profile, '--org', world.org.slug];
    expect(await wrong(gone, ...given)).toContain(`cannot read ${gone}`);
    expect(await wrong(file, '--profile', broken, '--org', world.org.slug)).toContain('is not JSON');
    const badFields = await wrong(file, '--profile', bad, '--org', world.org.slug);
    expect(badFields).toContain('quantity.sign: must be in, out or byKind');
    expect(badFields).toContain('location: is required');
    expect(badFields).toContain('profile: has no field "colour"');
    expect(await wrong(file, '--profile', world.profile)).toContain('--org');
    expect(await wrong(world.folder, ...given)).toContain('is not a file');
  });

  test('a column that the file does not have, with those it has', async () => {
    const file = await write('columns.csv', 'SKU;qty\nA;1\n');
    expect(await wrong(file, '--profile', world.profile, '--org', world.org.slug)).toContain(
      'sku.column: the file has no column "sku"; it has "SKU;qty"',
    );
  });
});

test('a file that was imported with another profile is refused, with what to do', async () => {
  const file = await write('twice.csv', 'sku,qty,ref\nA,1,r1\n');
  const other = await write('other.json', {
    ...JSON.parse(await readFile(world.profile, 'utf8')),
    quantity: { column: 'qty', sign: 'out' },
  });
  await type(file, '--profile', world.profile, '--org', world.org.slug, '--create-items');
  const refused = await type(file, '--profile', other, '--org', world.org.slug);
  expect(refused.code).toBe(1);
  expect(refused.err).toContain(
    `1 line of this file: already imported into ${world.org.slug}, with another profile`,
  );
  expect(refused.err).toContain('--again');
  expect((await type(file, '--profile', other, '--org', world.org.slug, '--again')).code).toBe(0);
  expect(await onHand(database, world.org.slug)).toEqual({ A: 0 });
});

test('a compressed file that was cut off is refused before anything is applied', async () => {
  const whole = gzipSync(someLines(20_000).text);
  const file = await write('cut.csv.gz', whole.subarray(0, whole.length - 100));
  const { err, code } = await type(
    file,
    '--profile',
    world.profile,
    '--org',
    world.org.slug,
    '--create-items',
  );
  expect(code).toBe(1);
  expect(err).toContain('is damaged: unexpected end of file');
  expect(err).not.toContain('    at ');
  expect(await onHand(database, world.org.slug)).toEqual({});
});

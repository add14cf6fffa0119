import fc from 'fast-check';
import type { Client } from 'pg';
import { beforeAll, expect, test } from 'vitest';
import { canonicalEmail } from '#tenancy/email.ts';
import { slugPattern } from '#tenancy/organizations.ts';
import { openWorld } from '#tests/world.ts';

/** What names a person or an organization has one form, which TypeScript and Postgres agree on. */

const world = openWorld();
let admin: Client;
beforeAll(async () => {
  admin = await world.connect('stockade_admin');
});

/** The planes in which characters have a case or a normal form, and a sample of the others. */
const isTried = '(n < 131072 or n % 251 = 0) and n not between 55296 and 57343';
const characters = Array.from({ length: 0x11_0000 }, (_, number) => number).filter(
  (number) =>
    number !== 0 && (number < 131_072 || number % 251 === 0) && (number < 0xd800 || number > 0xdfff),
);

/** The code points at which a condition in SQL about the character `c` holds. */
async function charactersWhere(condition: string): Promise<number[]> {
  const { rows } = await admin.query<{ n: number }>(
    `select n from generate_series(1, 1114111) n cross join lateral (select chr(n) as c where ${isTried}) as tried
     where ${condition} order by n`,
  );
  return rows.map(({ n }) => n);
}
const expected = (isTaken: (character: string) => boolean) =>
  characters.filter((number) => isTaken(String.fromCodePoint(number)));

test('an address takes the same characters in TypeScript and in the database', async () => {
  const isKept = (text: string) => canonicalEmail(text) === text;
  expect(await charactersWhere(`tenancy.is_email('a' || c || 'b@x.y')`)).toEqual(
    expected((character) => isKept(`a${character}b@x.y`)),
  );
  expect(await charactersWhere(`tenancy.is_email('a@x' || c || 'y.z')`)).toEqual(
    expected((character) => isKept(`a@x${character}y.z`)),
  );
});

test('no character but A to Z becomes another one in an address', () => {
  const folded = characters.filter((number) => {
    const character = String.fromCodePoint(number);
    const kept = canonicalEmail(`a${character}b@x.y`);
    return kept !== undefined && kept !== `a${character}b@x.y`;
  });
  expect(String.fromCodePoint(...folded)).toBe('ABCDEFGHIJKLMNOPQRSTUVWXYZ');
});

test('any address is taken in its one form by the table of users, and in no other', async () => {
  const parts = fc.oneof(
    fc.constantFrom(
      'a',
      'A',
      '.',
      '-',
      '@',
      '|',
      '\u212a',
      '\u0130',
      'xn--',
      'x'.repeat(63),
      '\u00fc',
      ' ',
      '\n',
    ),
    fc.string({ unit: 'grapheme-ascii', maxLength: 3 }),
    fc.string({ unit: 'grapheme', maxLength: 2 }),
  );
  const text = fc.array(parts, { maxLength: 5 }).map((each) => each.join(''));
  const drawn = fc
    .sample(fc.tuple(text, text), 1_000)
    .flatMap(([local, domain]) => [`${local}@${domain}`, `a@${domain}`, `${local}@b`])
    .flatMap((email) => [email, canonicalEmail(email) ?? email])
    .filter((email) => email.isWellFormed() && !email.includes('\0'));
  const { rows } = await admin.query<{ email: string; fits: boolean }>(
    'select email, tenancy.is_email(email) as fits from unnest($1::text[]) as drawn (email)',
    [drawn],
  );
  expect(rows.filter(({ email, fits }) => fits !== (canonicalEmail(email) === email))).toEqual([]);
  expect(rows.filter(({ fits }) => fits).length).toBeGreaterThan(300);
  await admin.query('begin');
  for (const email of ['\u212aate@example.com', 'Kate@example.com', 'kate@example.com '])
    await expect(
      admin
        .query('savepoint s')
        .then(() => admin.query('insert into tenancy.users (email) values ($1)', [email])),
    ).rejects.toMatchObject({ code: expect.stringMatching(/^(23514|25P02)$/) });
  await admin.query('rollback');
});

test('a slug is ASCII, and no character becomes another one in it', async () => {
  const ascii = [...'-0123456789abcdefghijklmnopqrstuvwxyz'].map((character) => character.codePointAt(0));
  expect(expected((character) => slugPattern.test(`a${character}b`))).toEqual(ascii);
  const { rows } = await admin.query<{ check: string }>(
    `select string_agg('(' || pg_get_expr(conbin, conrelid) || ')', ' and ') as check
     from pg_constraint where conrelid = 'tenancy.organizations'::regclass and contype = 'c' and conname like '%slug%'`,
  );
  const check = rows[0]?.check.replaceAll(/\bslug\b/g, `('a' || c || 'b')`) ?? '';
  expect(await charactersWhere(check)).toEqual(ascii);
});

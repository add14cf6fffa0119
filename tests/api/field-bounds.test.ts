import fc from 'fast-check';
import { beforeAll, describe, expect, test } from 'vitest';
import { Code } from '#ledger/input.ts';
import { type Caller, openWorld } from '#tests/world.ts';
import { expectProblem, notFound, wrongFields } from './problem-document.ts';

const world = openWorld();
let acme: Caller;
let made = 0;
const fresh = () => `S-${++made}`;

beforeAll(async () => {
  acme = await world.createOrganization();
  await acme.item('BOLT');
  await acme.location('MAIN');
});

/** How items and locations are created and changed: the path, the field with the name, and the changed field. */
const kinds = [
  { path: '/v1/items', code: 'sku', one: 'BOLT', noun: 'item' },
  { path: '/v1/locations', code: 'code', one: 'MAIN', noun: 'location' },
] as const;

/** Metadata of so many bytes as JSON, with a character of several bytes in it. */
const metadataOf = (bytes: number) => ({ text: `é${'x'.repeat(bytes - '{"text":"é"}'.length - 1)}` });

const fits: [field: string, what: string, value: unknown][] = [
  ['name', 'one character', 'x'],
  ['name', 'two hundred characters', 'ä'.repeat(200)],
  ['name', 'blanks and anything', ' a/b?c%\\d\n\u{1f600} '],
];
const itemFits: typeof fits = [
  ['unit', 'one character', 'm'],
  ['unit', 'thirty-two characters', 'ß'.repeat(32)],
  ['reorderPoint', 'zero', 0],
  ['reorderPoint', 'four decimals', 0.0001],
  ['reorderPoint', 'as many digits as can be', 99_999_999_999.9999],
  ['metadata', 'nothing', {}],
  ['metadata', '8,192 bytes', metadataOf(8_192)],
  ['metadata', 'of everything', { '': [], a: null, b: [{ c: 1e-7 }], 'ключ ☃': '\u{1f600}"\\\n' }],
];
const wrong: [field: string, what: string, value: unknown, message: string][] = [
  ['name', 'nothing', '', 'must not be empty'],
  ['name', '201 characters', 'x'.repeat(201), 'must have at most 200 characters'],
  ['name', 'a number', 7, 'must be a string'],
];
const itemWrong: typeof wrong = [
  ['unit', 'nothing', '', 'must not be empty'],
  ['unit', '33 characters', 'x'.repeat(33), 'must have at most 32 characters'],
  ['reorderPoint', 'less than zero', -0.0001, 'must not be negative'],
  ['reorderPoint', 'twelve digits', 100_000_000_000, 'must have at most eleven digits before the point'],
  ['reorderPoint', 'five decimals', 0.00001, 'must have at most four decimals'],
  ['reorderPoint', 'a text', '1', 'must be a number'],
  ['allowNegative', 'a text', 'true', 'must be true or false'],
  ['metadata', '8,193 bytes', metadataOf(8_193), 'must have at most 8192 bytes as JSON'],
  ['metadata', 'a list', [], 'must be an object'],
  ['metadata', 'a text', '{}', 'must be an object'],
];

const codesThatFit: [what: string, code: string][] = [
  ['one character', 'x'],
  ['64 characters', 'x'.repeat(64)],
  ['64 characters of two bytes', 'ö'.repeat(64)],
  ['blanks inside', 'a b  c'],
  ['every mark that is allowed', `!"#$&'()*+,-.:;<=>@[]^_\`{|}~`],
  ['dots and more', '..a'],
  ['other scripts', '품목-Größe-☃-\u{1f600}'],
  ['what looks like a number', '007'],
];
const separators = 'must not contain / ? % or \\, and must not consist of dots only';
const codesThatDoNot: [what: string, code: unknown, message: string][] = [
  ['nothing', '', 'must not be empty'],
  ['65 characters', 'x'.repeat(65), 'must have at most 64 characters'],
  ['a blank in front', ' x', 'must not begin or end with a blank'],
  ['a blank behind', 'x ', 'must not begin or end with a blank'],
  ['a blank of no width that breaks', 'x\u00a0', 'must not begin or end with a blank'],
  ['a tabulator', 'a\tb', 'must not contain control characters'],
  ['the last control character', 'a\u009fb', 'must not contain control characters'],
  ['delete', 'a\u007fb', 'must not contain control characters'],
  ['the unit separator', 'a\u001fb', 'must not contain control characters'],
  ['a slash', 'a/b', separators],
  ['a question mark', 'a?b', separators],
  ['a percent sign', 'a%b', separators],
  ['a backslash', 'a\\b', separators],
  ['a dot', '.', separators],
  ['dots', '...', separators],
  ['a number', 7, 'must be a string'],
];

describe.each(kinds)('$path', ({ path, code, one, noun }) => {
  const own = noun === 'item';

  test.each(own ? [...fits, ...itemFits] : fits)(
    'takes a %s of %s, made and changed',
    async (field, _, value) => {
      const name = fresh();
      const created = await acme.request('POST', path, { [code]: name, name, [field]: value });
      expect([created.status, created.body[field]]).toEqual([201, value]);
      const changed = await acme.request('PATCH', `${path}/${one}`, { [field]: value });
      expect([changed.status, changed.body[field]]).toEqual([200, value]);
      expect((await acme.request('GET', `${path}/${one}`)).body).toEqual(changed.body);
    },
  );

  test.each(own ? [...wrong, ...itemWrong] : wrong)(
    'refuses a %s of %s, made and changed',
    async (field, _, value, message) => {
      const name = fresh();
      const before = (await acme.request('GET', `${path}/${one}`)).body;
      const body = { [code]: name, name, [field]: value };
      expectProblem(await acme.request('POST', path, body), wrongFields([field, message]));
      expectProblem(
        await acme.request('PATCH', `${path}/${one}`, { [field]: value }),
        wrongFields([field, message]),
      );
      expectProblem(await acme.request('GET', `${path}/${name}`), notFound(`${noun} "${name}"`));
      expect((await acme.request('GET', `${path}/${one}`)).body).toEqual(before);
    },
  );

  test.each(codesThatFit)('takes a name of %s, and finds it in the path', async (_, value) => {
    const there = `${path}/${encodeURIComponent(value)}`;
    const created = await acme.request('POST', path, { [code]: value, name: 'X' });
    expect([created.status, created.body[code]]).toEqual([201, value]);
    const got = await acme.request('GET', there);
    expect([got.status, got.body]).toEqual([200, created.body]);
    const from = fresh();
    await acme.request('POST', path, { [code]: from, name: 'X' });
    expect((await acme.request('DELETE', there)).status).toBe(204);
    const renamed = await acme.request('PATCH', `${path}/${from}`, { [code]: value });
    expect([renamed.status, renamed.body[code]]).toEqual([200, value]);
    expect((await acme.request('PATCH', there, { name: 'Y' })).body.name).toBe('Y');
    expect((await acme.request('DELETE', there)).status).toBe(204);
    const gone = notFound(`${noun} ${JSON.stringify(value)}`);
    expectProblem(await acme.request('GET', there), gone);
  });

  test.each(codesThatDoNot)('refuses a name of %s, made and changed', async (_, value, message) => {
    const refused = wrongFields([code, message]);
    expectProblem(await acme.request('POST', path, { [code]: value, name: 'X' }), refused);
    expectProblem(await acme.request('PATCH', `${path}/${one}`, { [code]: value }), refused);
    expect((await acme.request('GET', `${path}/${one}`)).status).toBe(200);
  });

  test.each([
    ['65 characters', 'x'.repeat(65), 'must have at most 64 characters'],
    ['a blank in front', '%20x', 'must not begin or end with a blank'],
    ['a control character', 'a%7Fb', 'must not contain control characters'],
    ['a backslash', 'a%5Cb', separators],
    ['an escape of an escape', 'a%252Fb', separators],
    ['NUL', 'a%00b', 'must not contain NUL or half a surrogate pair'],
  ])('refuses a path with %s, whatever it is asked', async (_, segment, message) => {
    for (const [method, body] of [['GET'], ['PATCH', { name: 'X' }], ['DELETE']] as const)
      expectProblem(await acme.request(method, `${path}/${segment}`, body), wrongFields([code, message]));
  });

  test.each(['a%2Fb', 'a%3Fb/c', ''])('has no "%s" below it', async (segment) => {
    const answer = await acme.request('PATCH', `${path}/${segment}`, { name: 'X' });
    expect([answer.status, answer.body.code]).toEqual([404, 'not_found']);
  });
});

test('every code that the API accepts, the database accepts, and of ASCII codes no others', async () => {
  const special = fc.constantFrom(
    ' ',
    '.',
    '/',
    '?',
    '%',
    '\\',
    '\t',
    '\u0001',
    '\u007f',
    'é',
    '\u00a0',
    '\u2028',
    '\u{1f600}',
  );
  const anything = fc.oneof(
    special,
    fc.string({ unit: 'grapheme-ascii', maxLength: 3 }),
    fc.string({ unit: 'grapheme', maxLength: 3 }),
  );
  const code = fc.array(anything, { maxLength: 6 }).map((parts) => parts.join(''));
  const longest = fc.integer({ min: 62, max: 66 }).map((length) => 'x'.repeat(length));
  const drawn = fc.sample(fc.oneof({ weight: 9, arbitrary: code }, { weight: 1, arbitrary: longest }), 3_000);
  const superuser = await world.superuser();
  const { rows } = await superuser.query<{ code: string; fits: boolean }>(
    'select code, inventory.is_code(code) as fits from unnest($1::text[]) as drawn (code)',
    [drawn.filter((text) => text.isWellFormed() && !text.includes('\0'))],
  );
  const accepts = (text: string) => Code.safeParse(text).success;
  expect(rows.filter((row) => accepts(row.code) && !row.fits)).toEqual([]);
  const isAscii = (text: string) => Buffer.byteLength(text) === text.length;
  expect(rows.filter((row) => isAscii(row.code) && row.fits !== accepts(row.code))).toEqual([]);
  expect(rows.filter(({ fits }) => fits).length).toBeGreaterThan(300);
  expect(rows.filter(({ fits }) => !fits).length).toBeGreaterThan(300);
});

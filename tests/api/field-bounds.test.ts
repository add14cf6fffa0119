import fc from 'fast-check';
import { beforeAll, describe, expect, test } from 'vitest';
import { invisibleCharacter } from '#ledger/codes/invisible-characters.ts';
import { Code, Reference } from '#ledger/input.ts';
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
  ['every mark that a path carries', `!"#$&'()*+,-:;<=>@[]^_\`{|}~`],
  ['a backslash', 'a\\b'],
  ['dots and more', '..a'],
  ['other scripts', '품목-Größe-☃-\u{1f600}'],
  ['what looks like a number', '007'],
];
/** What a path does not carry as it is: there, the id names the item or the location. */
const codesOutsidePaths: [what: string, code: string][] = [
  ['a slash', 'M8/40'],
  ['an inch', '1/2" ELBOW'],
  ['a percent sign', 'JUICE 50%'],
  ['a question mark', 'WHICH?'],
  ['a dot', '.'],
  ['two dots', '..'],
];
const hidden = (what: string) => `must not contain ${what}: remove it`;
const blankInstead = 'write a blank, U+0020, or nothing in its place';
const codesThatDoNot: [what: string, code: unknown, message: string][] = [
  ['nothing', '', 'must not be empty'],
  ['65 characters', 'x'.repeat(65), 'must have at most 64 characters'],
  ['a blank in front', ' x', 'must not begin or end with a blank'],
  ['a blank behind', 'x ', 'must not begin or end with a blank'],
  [
    'a blank that does not break',
    'x\u00a0',
    `must not contain U+00A0 NO-BREAK SPACE after "x": ${blankInstead}`,
  ],
  ['a tabulator', 'a\tb', `must not contain U+0009 CHARACTER TABULATION after "a": ${blankInstead}`],
  ['the last control character', 'a\u009fb', hidden('U+009F CONTROL CHARACTER after "a"')],
  ['a zero width space', 'a\u200bb', hidden('U+200B ZERO WIDTH SPACE after "a"')],
  ['a change of direction', '\u202ea', hidden('U+202E RIGHT-TO-LEFT OVERRIDE at its beginning')],
  [
    'the form of an id',
    '0197b1f2-6c1e-7a30-9d2f-3a5e0c7b1d42',
    'must not have the form of an id, which names an item or a location by itself',
  ],
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

  test.each(codesOutsidePaths)('takes a name of %s, and its id in the path', async (_, value) => {
    const created = await acme.request('POST', path, { [code]: value, name: 'X' });
    expect([created.status, created.body[code]]).toEqual([201, value]);
    const there = `${path}/${created.body.id}`;
    const got = await acme.request('GET', there);
    expect([got.status, got.body]).toEqual([200, created.body]);
    const found = await acme.request('GET', `${path}?${code}=${encodeURIComponent(value)}`);
    expect([found.status, found.body]).toEqual([200, { data: [created.body], nextCursor: null }]);
    // Encoded twice, the gateway delivers it. What a client takes away as dots never arrives.
    const twice = `${path}/${encodeURIComponent(encodeURIComponent(value))}`;
    if (!/^\.+$/.test(value)) expect((await acme.request('GET', twice)).body).toEqual(created.body);
    expect((await acme.request('PATCH', there, { name: 'Y' })).body.name).toBe('Y');
    expect((await acme.request('DELETE', there)).status).toBe(204);
    expectProblem(await acme.request('GET', there), notFound(`${noun} "${created.body.id}"`));
  });

  test('names one by the composed form, whichever form is sent', async () => {
    const created = await acme.request('POST', path, { [code]: 'CAFE\u0301', name: 'X' });
    expect([created.status, created.body[code]]).toEqual([201, 'CAFÉ']);
    for (const form of ['CAFE\u0301', 'CAFÉ']) {
      const got = await acme.request('GET', `${path}/${encodeURIComponent(form)}`);
      expect([got.status, got.body]).toEqual([200, created.body]);
    }
    expect((await acme.request('DELETE', `${path}/${encodeURIComponent('CAFÉ')}`)).status).toBe(204);
  });

  test.each([
    ['65 characters', 'x'.repeat(65), 'must have at most 64 characters'],
    ['a blank in front', '%20x', 'must not begin or end with a blank'],
    ['a control character', 'a%7Fb', hidden('U+007F DELETE after "a"')],
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

test('a line and a filter say which character is in the way, unless an alias has it', async () => {
  const line = { sku: 'BOLT', location: 'MAIN', quantity: 1 };
  const refused = [
    ['sku', 'BOLT\u200b', hidden('U+200B ZERO WIDTH SPACE after "BOLT"')],
    ['location', 'MAIN ', 'must not begin or end with a blank'],
  ] as const;
  const post = (more: object) =>
    acme.request('POST', '/v1/movements', { kind: 'receipt', lines: [line, { ...line, ...more }] });
  for (const [field, name, message] of refused) {
    expectProblem(await post({ [field]: name }), wrongFields([`lines[1].${field}`, message]));
    for (const list of ['balances', 'movements']) {
      const answer = await acme.request('GET', `/v1/${list}?${field}=${encodeURIComponent(name)}`);
      expectProblem(answer, wrongFields([field, message]));
    }
  }
  const transfer = { from: 'MAIN', to: 'MAIN\u00ad', lines: [{ sku: 'BOLT', quantity: 1 }] };
  expectProblem(
    await acme.request('POST', '/v1/transfers', transfer),
    wrongFields(['to', hidden('U+00AD SOFT HYPHEN after "MAIN"')]),
  );
  // What an inventory had before it moved in finds its item as an alias, whatever its form.
  const superuser = await world.superuser();
  await superuser.query(
    `insert into inventory.item_aliases (org_id, alias, item_id)
     select org_id, alias, id from inventory.items, unnest($2::text[]) as alias where org_id = $1 and sku = 'BOLT'`,
    [acme.id, ['BOLT\u200b', 'TAB\t1 ', 'CAFE\u0301']],
  );
  expect((await post({ sku: 'BOLT\u200b' })).status).toBe(201);
  expect((await acme.request('GET', '/v1/items/TAB%091%20')).body.sku).toBe('BOLT');
  // An alias in another normal form names its item; the code in the normal form is another one.
  await acme.item('CAFÉ');
  expect((await acme.request('GET', `/v1/items/${encodeURIComponent('CAFE\u0301')}`)).body.sku).toBe('BOLT');
  expect((await acme.request('GET', `/v1/items/${encodeURIComponent('CAFÉ')}`)).body.sku).toBe('CAFÉ');
});

test('the API and the database accept the same codes', async () => {
  const special = fc.constantFrom(
    ...[
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
      'e\u0301',
      '\u0301',
      '\u00a0',
      '\u2028',
    ],
    ...['\u00ad', '\u200b', '\u200d', '\u202e', '\u2066', '\ufeff', '\ufe0f', '\u2800', '\u3000', '\u3164'],
    ...[
      '\u212b',
      '\u1100\u1161',
      '\u0378',
      '\ue000',
      '\u{e0001}',
      '\u{1d15e}',
      '\u{1fae9}',
      '\u{1f600}',
      '\u{10ffff}',
    ],
    '0197b1f2-6c1e-7a30-9d2f-3a5e0c7b1d42',
  );
  const anything = fc.oneof(
    special,
    fc.string({ unit: 'grapheme-ascii', maxLength: 3 }),
    fc.string({ unit: 'grapheme', maxLength: 3 }),
    fc.string({ unit: 'binary', maxLength: 1 }),
  );
  const code = fc.array(anything, { maxLength: 6 }).map((parts) => parts.join(''));
  const longest = fc
    .tuple(fc.constantFrom('x', 'é', 'e\u0301', '\u{1f600}'), fc.integer({ min: 62, max: 66 }))
    .map(([character, length]) => character.repeat(length));
  // Of each range of invisible characters the ends, and what stands beside them.
  const ends = [...invisibleCharacter.source.matchAll(/\\u\{?([0-9a-f]+)/g)].flatMap(([, hex = '']) =>
    [-1, 0, 1].map((step) => Number.parseInt(hex, 16) + step),
  );
  const atEnds = ends
    .filter((number) => number >= 0 && number <= 0x10ffff)
    .map((n) => String.fromCodePoint(n));
  const drawn = [
    ...fc.sample(fc.oneof({ weight: 9, arbitrary: code }, { weight: 1, arbitrary: longest }), 3_000),
    ...atEnds,
  ];
  const superuser = await world.superuser();
  const { rows } = await superuser.query<{ code: string; fits: boolean; isReference: boolean }>(
    `select code, inventory.is_code(code) as fits, inventory.is_visible(code, 200) as "isReference"
     from unnest($1::text[]) as drawn (code)`,
    [drawn.filter((text) => text.isWellFormed() && !text.includes('\0'))],
  );
  // What the API accepts it stores in the normal form, so in any other form the database refuses it.
  const accepts = (text: string) => Code.safeParse(text).data === text;
  expect(rows.filter((row) => row.fits !== accepts(row.code))).toEqual([]);
  const isReference = (text: string) => Reference.safeParse(text).data === text;
  expect(rows.filter((row) => row.isReference !== isReference(row.code))).toEqual([]);
  expect(
    rows.filter(({ code }) => Code.safeParse(code).success && code.normalize() !== code).length,
  ).toBeGreaterThan(50);
  expect(rows.filter(({ fits }) => fits).length).toBeGreaterThan(300);
  expect(rows.filter(({ fits }) => !fits).length).toBeGreaterThan(300);
});

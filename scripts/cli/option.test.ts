import { describe, expect, test } from 'vitest';
import * as option from './option.ts';

const read = (one: option.Option<unknown>, typed: string) => one.parse?.(typed);

describe('an instant', () => {
  const at = option.instant({ description: 'when' });

  test('is read with its zone, on a leap day too', () => {
    expect(read(at, '2026-03-01T09:30:00+05:30')).toEqual(new Date('2026-03-01T04:00:00Z'));
    expect(read(at, '2028-02-29T23:30:00-02:00')).toEqual(new Date('2028-03-01T01:30:00Z'));
    expect(read(at, '0050-12-31T00:00Z')).toEqual(new Date('0050-12-31T00:00:00Z'));
  });

  test('on a day that its month has not is refused, and not taken for one of the next month', () => {
    for (const typed of ['2026-02-29T00:00:00Z', '2026-02-30T12:00:00+02:00', '2026-04-31T00:00:00Z'])
      expect(() => read(at, typed), typed).toThrow('a valid time');
  });
});

test('a length of time has its unit, and is within what makes sense', () => {
  const wait = option.duration({ description: 'how long', minMs: 1, maxMs: 3_600_000 });
  for (const [typed, ms] of Object.entries({ '1ms': 1, '1.5s': 1_500, '10m': 600_000, '1h': 3_600_000 }))
    expect(read(wait, typed)).toBe(ms);
  for (const typed of ['', '5', 's', '-1s', '1 s', '1e3ms', '∞s'])
    expect(() => read(wait, typed), typed).toThrow('a number with a unit');
  for (const typed of ['0ms', '0d', '0.5ms']) expect(() => read(wait, typed), typed).toThrow('at least 1ms');
  for (const typed of ['1.1h', '30d', `${'9'.repeat(400)}d`])
    expect(() => read(wait, typed), typed).toThrow('at most 1h');
});

test('a text is as long as the database counts, not as JavaScript does', () => {
  const name = option.text({ description: 'what', maxCharacters: 3 });
  expect(read(name, '😀é😀')).toBe('😀é😀');
  expect(() => read(name, 'four')).toThrow('at most 3 characters, not 4');
  expect(() => read(name, '')).toThrow('must not be empty');
});

test('the URL of a database is one that pg can read', () => {
  const url = option.postgresUrl({ description: 'which' });
  for (const typed of ['postgres://me:a%23b@host:5432/x', 'postgres://', 'postgresql:///x?host=/run'])
    expect(read(url, typed)).toBe(typed);
  for (const typed of ['', 'mysql://host/x', 'postgres://host:99999/x', 'postgres://me:a#b@host/x'])
    expect(() => read(url, typed), typed).toThrow('starts with postgres://');
});

test('a path that is empty is not the folder one happens to be in', () => {
  expect(() => read(option.path({ description: 'where' }), '')).toThrow('must not be empty');
});

test('a text is refused by its pattern first, and told what is expected', () => {
  const slug = option.text({ description: 'd', pattern: /^[a-z]+$/, expected: 'Lower case.' });
  expect(read(slug, 'acme')).toBe('acme');
  for (const typed of ['', 'A', 'a1']) expect(() => read(slug, typed), typed).toThrow(/^Lower case\.$/);
  const plain = option.text({ description: 'd', pattern: /^x*$/ });
  expect(() => read(plain, 'y')).toThrow(/^It must match \/\^x\*\$\/\.$/);
  expect(() => read(plain, '')).toThrow(/^It must not be empty\.$/);
});

test('a whole number is within its bounds, both of them counted in', () => {
  const port = option.integer({ description: 'd', min: 1, max: 65_535 });
  expect(['1', '0080', '65535'].map((typed) => read(port, typed))).toEqual([1, 80, 65_535]);
  for (const typed of ['0', '65536', '-1', '1.5', '1e3', '', ' 1', '+1', '0x10', '∞'])
    expect(() => read(port, typed), typed).toThrow(/^It must be a whole number from 1 to 65535\.$/);
  const open = option.integer({ description: 'd', min: -2 });
  expect(['-2', '9007199254740991'].map((typed) => read(open, typed))).toEqual([-2, Number.MAX_SAFE_INTEGER]);
  for (const typed of ['-3', '9007199254740993'])
    expect(() => read(open, typed), typed).toThrow(/^It must be a whole number of at least -2\.$/);
});

test('a choice is one of its words, letter for letter', () => {
  const role = option.choice(['viewer', 'clerk'], { description: 'd' });
  expect(read(role, 'clerk')).toBe('clerk');
  expect(role.placeholder).toBe('<viewer|clerk>');
  for (const typed of ['', 'Clerk', 'cler', 'viewer,clerk'])
    expect(() => read(role, typed), typed).toThrow(/^It must be one of viewer, clerk\.$/);
});

test('a path is absolute, and there when it has to be', () => {
  const one = option.path({ description: 'd', exists: true });
  expect(read(one, import.meta.filename)).toBe(import.meta.filename);
  expect(read(one, '.')).toBe(process.cwd());
  expect(() => read(one, '/no/such')).toThrow(/^\/no\/such does not exist\.$/);
  expect(read(option.path({ description: 'd' }), '/no/such')).toBe('/no/such');
});

test('an option that is given several times keeps its values in order, and refuses a bad one', () => {
  const tags = option.several(option.integer({ description: 'tag', min: 1 }));
  expect([tags.description, tags.default, tags.isList]).toEqual(['tag (may be repeated)', [], true]);
  read(tags, '2');
  expect(read(tags, '1')).toEqual([2, 1]);
  expect(() => read(tags, '0')).toThrow('at least 1');
  const required = option.several(option.text({ description: 'd', required: true }));
  expect(required.default).toBeUndefined();
  expect(read(required, 'a')).toEqual(['a']);
});

test('what an option is made of is kept', () => {
  expect(option.flag({ description: 'd', flag: 'x' })).toEqual({
    description: 'd',
    flag: 'x',
    default: false,
  });
  expect(option.text({ description: 'd', flag: 'f', placeholder: 'p', required: true })).toEqual({
    description: 'd',
    flag: 'f',
    required: true,
    default: undefined,
    placeholder: '<p>',
    parse: expect.any(Function),
  });
  const placeholders = [
    option.text({ description: 'd' }),
    option.instant({ description: 'd' }),
    option.postgresUrl({ description: 'd' }),
    option.postgresUrl({ description: 'd', placeholder: 'x' }),
    option.integer({ description: 'd', min: 0, default: 7 }),
    option.path({ description: 'd' }),
    option.duration({ description: 'd' }),
  ];
  expect(placeholders.map((each) => each.placeholder)).toEqual(
    ['text', 'time', 'url', 'x', 'number', 'path', 'duration'].map((word) => `<${word}>`),
  );
  expect(placeholders[4]?.default).toBe(7);
});

test('an instant without a zone, or that there is not, is refused', () => {
  const at = option.instant({ description: 'when' });
  for (const typed of [
    '',
    '2026-03-01',
    '2026-03-01T09:30',
    '2026-03-01T09:30:00',
    '2026-03-01 09:30:00Z',
    '2026-03-01T24:30:00Z',
    '2026-13-01T09:30:00Z',
    '2026-03-01T09:30:00z',
    '2026-03-01T09:30:00+0530',
    ' 2026-03-01T09:30:00Z',
  ])
    expect(() => read(at, typed), typed).toThrow(
      /^It must be a valid time with a time zone, such as 2026-03-01T09:30:00Z\.$/,
    );
  expect(read(at, '2026-03-01T09:30Z')).toEqual(new Date('2026-03-01T09:30:00Z'));
  expect(read(at, '2026-03-01T09:30:00.125-00:30')).toEqual(new Date('2026-03-01T10:00:00.125Z'));
});

test.each([
  [0, '0ms'],
  [1, '1ms'],
  [1_500, '1500ms'],
  [1_000, '1s'],
  [90_000, '90s'],
  [60_000, '1m'],
  [3_600_000, '1h'],
  [86_400_000, '1d'],
  [option.longestLifetimeMs, '36500d'],
])('%d ms are written %s, and read as the same', (ms, written) => {
  expect(option.formatDuration(ms)).toBe(written);
  expect(read(option.duration({ description: 'd', maxMs: option.longestLifetimeMs }), written)).toBe(ms);
});

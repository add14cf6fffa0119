import { expect, test } from 'vitest';
import { copyNameOf } from './organization-copy.ts';

const at = new Date('2026-03-01T09:30:00Z');

test('a copy has the name of its organization and its time', () => {
  expect(copyNameOf('acme', at)).toBe('restored-acme-20260301t093000');
  expect(copyNameOf('acme', new Date(at.getTime() + 7))).toBe('restored-acme-20260301t093000-007');
});

test('every slug gives a name that RDS allows, and no two the same', () => {
  const slugs = [
    'a',
    '9',
    'a-b',
    'a--b',
    'a---b',
    'drill',
    'x'.repeat(63),
    `${'x'.repeat(62)}y`,
    `${'-x'.repeat(31)}`,
  ];
  slugs.push(...slugs.map((slug) => slug.toUpperCase()).filter((slug) => !slugs.includes(slug)), 'ä', '-');
  const names = [at, new Date(at.getTime() + 1)].flatMap((time) =>
    slugs.map((slug) => copyNameOf(slug, time)),
  );
  expect(names.filter((name) => !/^[a-z](?!.*--)[a-z0-9-]{0,61}[a-z0-9]$/.test(name))).toEqual([]);
  expect(new Set(names).size).toBe(names.length);
});

import { expect, test } from 'vitest';
import { slugPattern } from '#tenancy/organizations.ts';
import { slugOf } from './organizations.ts';

test.each([
  ['United Kingdom', 'united-kingdom'],
  ['EIRE', 'eire'],
  ['  Müller & Söhne GmbH.', 'muller-sohne-gmbh'],
  ['Łódź / Ærø', 'lodz-aero'],
  ['already-a-slug', 'already-a-slug'],
  [`${'a'.repeat(62)} b`, 'a'.repeat(62)],
])('%j becomes %s', (name, slug) => {
  expect(slugOf(name)).toBe(slug);
  expect(slug).toMatch(slugPattern);
});

test.each(['', '日本', '---'])('%j has no slug', (name) => {
  expect(slugPattern.test(slugOf(name))).toBe(false);
});

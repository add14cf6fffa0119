import { describe, expect, test } from 'vitest';
import type { StoredKey } from '#tenancy/credentials/key-store.ts';
import { createdKeyAnswer, endedKeyAnswer, keysAnswer } from './answers.ts';
import { scopesOption } from './scopes-option.ts';

const [before, now, later] = ['2026-02-01', '2026-03-01', '2026-04-01'].map((day) => `${day}T09:30:00.000Z`);
const nowMs = Date.parse(String(now));
const key: StoredKey = {
  id: '0aQ3xVb7LmTz',
  name: 'Till, Camden',
  scopes: ['read', 'write'],
  createdAt: String(before),
  expiresAt: null,
  revokedAt: null,
  lastUsedAt: null,
  replacedBy: null,
};

describe('the list of keys', () => {
  test('of none says how to make one', () => {
    expect(keysAnswer('acme', [], nowMs)).toEqual({
      json: [],
      text: 'acme has none: npm run keys:create -- --help',
    });
  });

  test.each([
    ['works', {}],
    [`works until ${later}`, { expiresAt: later }],
    [`rotated, until ${later}`, { expiresAt: later, replacedBy: 'x' }],
    [`expired ${now}`, { expiresAt: now }],
    [`expired ${before}`, { expiresAt: before, replacedBy: 'x' }],
    [`revoked ${before}`, { revokedAt: before, expiresAt: later, replacedBy: 'x' }],
    [`revoked ${now}`, { revokedAt: now, expiresAt: before }],
  ])('says of a key that it %s', (state, more) => {
    const { text } = keysAnswer('acme', [{ ...key, ...more } as StoredKey], nowMs);
    expect(text).toBe(
      `0aQ3xVb7LmTz  ${state.padEnd(32)}  read,write        never used                     Till, Camden`,
    );
  });

  test('a key that expires in a millisecond still works', () => {
    const expiring = { ...key, expiresAt: String(now) };
    expect(keysAnswer('acme', [expiring], nowMs - 1).text).toContain(`  works until ${now}  `);
  });

  test('has one a line, with when it was used and what it may', () => {
    const used = { ...key, scopes: ['admin'] as const, lastUsedAt: String(before), name: 'é'.repeat(200) };
    expect(keysAnswer('acme', [used, key], nowMs)).toEqual({
      json: [used, key],
      text: [
        `0aQ3xVb7LmTz  ${'works'.padEnd(32)}  admin             used 2026-02-01T09:30:00.000Z  ${used.name}`,
        `0aQ3xVb7LmTz  ${'works'.padEnd(32)}  read,write        never used                     Till, Camden`,
      ].join('\n'),
    });
  });
});

test.each([
  [null, 'read, write; without end'],
  [String(later), 'read, write; until 2026-04-01T09:30:00.000Z'],
])('a key that was made is shown once, with its terms: %s', (expiresAt, terms) => {
  const made = { ...key, expiresAt, key: 'sk_test_x' };
  expect(createdKeyAnswer('acme', made, false)).toEqual({
    json: made,
    text: [
      `Made key 0aQ3xVb7LmTz "Till, Camden" for acme: ${terms}.`,
      'API key, shown once: sk_test_x',
      'To end it: npm run keys:revoke -- --org acme --id 0aQ3xVb7LmTz',
    ].join('\n'),
  });
  // What is undone has no id, and its key opens nothing.
  const { id: _, key: __, ...planned } = made;
  expect(createdKeyAnswer('acme', made, true)).toEqual({
    json: { ...planned, dryRun: true },
    text: `Would make a key "Till, Camden" for acme: ${terms}.`,
  });
});

test('a key that was ended says when, and one that would be says so', () => {
  const ended = { ...key, revokedAt: String(before) };
  expect(endedKeyAnswer('acme', ended, false)).toEqual({
    json: ended,
    text: `Key 0aQ3xVb7LmTz "Till, Camden" of acme ended at ${before}.`,
  });
  expect(endedKeyAnswer('acme', ended, true)).toEqual({
    json: { ...ended, dryRun: true },
    text: 'Would end key 0aQ3xVb7LmTz "Till, Camden" of acme.',
  });
});

describe('scopes as they are typed', () => {
  test.each([
    ['read', ['read']],
    ['write, read', ['write', 'read']],
    ['read,write,admin,read', ['read', 'write', 'admin']],
  ])('%s', (typed, scopes) => {
    expect(scopesOption.parse?.(typed)).toEqual(scopes);
  });

  test.each(['', 'all', 'read,', 'read;write', 'READ'])('%j are none', (typed) => {
    expect(() => scopesOption.parse?.(typed)).toThrow(
      /^It must be some of read, write, admin, such as read,write\.$/,
    );
  });
});

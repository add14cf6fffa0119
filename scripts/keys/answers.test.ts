import { describe, expect, test } from 'vitest';
import type { StoredKey } from '#tenancy/credentials/key-store.ts';
import { createdKeyAnswer, keysAnswer, revokedKeyAnswer } from './answers.ts';
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
  test('of none says how to create one', () => {
    expect(keysAnswer('acme', [], nowMs)).toEqual({
      json: [],
      text: 'acme has no API keys. To create one: npm run keys:create -- --help',
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

  test('has one key per line, with its last use and its scopes', () => {
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
  [null, 'scopes read, write; never expires'],
  [String(later), 'scopes read, write; expires 2026-04-01T09:30:00.000Z'],
])('a new key is shown once, with its terms: %s', (expiresAt, terms) => {
  const created = { ...key, expiresAt, key: 'sk_test_x' };
  expect(createdKeyAnswer('acme', created, false)).toEqual({
    json: created,
    text: [
      `Created API key 0aQ3xVb7LmTz "Till, Camden" for acme: ${terms}.`,
      'API key, shown once: sk_test_x',
      'To revoke it: npm run keys:revoke -- --org acme --id 0aQ3xVb7LmTz',
    ].join('\n'),
  });
  // A key that was rolled back has no id, and its secret opens nothing.
  const { id: _, key: __, ...planned } = created;
  expect(createdKeyAnswer('acme', created, true)).toEqual({
    json: { ...planned, dryRun: true },
    text: `Would create API key "Till, Camden" for acme: ${terms}.`,
  });
});

test('a revoked key says when, and a dry run says that it would be', () => {
  const revoked = { ...key, revokedAt: String(before) };
  expect(revokedKeyAnswer('acme', revoked, false)).toEqual({
    json: revoked,
    text: `Revoked API key 0aQ3xVb7LmTz "Till, Camden" of acme at ${before}.`,
  });
  expect(revokedKeyAnswer('acme', revoked, true)).toEqual({
    json: { ...revoked, dryRun: true },
    text: 'Would revoke API key 0aQ3xVb7LmTz "Till, Camden" of acme.',
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
      /^It must be one or more of read, write, admin, such as read,write\.$/,
    );
  });
});

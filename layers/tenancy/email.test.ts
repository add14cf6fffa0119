import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { canonicalEmail, Email, emailFault } from './email.ts';

test.each([
  'a@b',
  'ada@example.com',
  'a..b.@x',
  "!#$%&'*+/=?^_`{}~-@x",
  'ada@xn--mnchen-3ya.example',
  `${'a'.repeat(318)}@b`,
])('%s is kept as it is', (email) => {
  expect([canonicalEmail(email), emailFault(email), Email.parse(email)]).toEqual([email, undefined, email]);
});

test.each([
  ['Ada@Example.COM', 'ada@example.com'],
  ['ada@MÜNCHEN.example', 'ada@xn--mnchen-3ya.example'],
  ['ada@例え.jp', 'ada@xn--r8jz45g.jp'],
  ['ada@XN--MNCHEN-3YA.example', 'ada@xn--mnchen-3ya.example'],
])('%s is kept as %s', (typed, email) => {
  expect([canonicalEmail(typed), Email.parse(typed)]).toEqual([email, email]);
});

describe('no address', () => {
  test.each([
    ...['', 'a', '@b', 'a@', 'a@b@c', 'a b@c', 'a@b c', ' a@b', 'a@b ', 'a|b@c', 'a@b|c', 'a\0b@c'],
    ...[
      'a@b\u007fc',
      'a\ud800@c',
      'a@b\n',
      'a\u0000@b',
      `${'a'.repeat(319)}@b`,
      'a@b.',
      'a@.b',
      'a@b..c',
      'a@-b',
    ],
    ...['"a b"@c', 'a@[127.0.0.1]', `a@${'b'.repeat(64)}`],
    // They look like an ASCII address, and a lower case or a normal form would make one of them.
    ...[
      '\u212aate@example.com',
      'ada@\u212aate.com',
      '\uff41da@example.com',
      'ada\uff20example.com',
      '\u0130da@x',
    ],
    ...[
      'ada@example\u3002com',
      'ada@exam\u00adple.com',
      'ada@exa\u200dmple.com',
      'ada@1\u00bd.com',
      'ad\u0430@x',
    ],
    ...['e\u0301@x', '\u00e9@x', '\ufb01x@x', 'ada@\uff11.1', 'ada@\u017f.com'],
  ])('%j', (text) => {
    expect(canonicalEmail(text)).toBeUndefined();
    expect(emailFault(text)).toMatch(/^must be an email address /);
    expect(Email.safeParse(text).success).toBe(false);
  });

  test('a character that looks like a letter is named', () => {
    expect(emailFault('\u212aate@example.com')).toContain('U+212A is none of them');
    expect(emailFault('ada@example')).toBeUndefined();
  });
});

/** `fc.string` takes seconds to begin with all of Unicode. */
const anything = fc
  .array(fc.oneof(fc.integer({ min: 0, max: 0x10_ffff }), fc.integer({ min: 0x20, max: 0x7e })), {
    maxLength: 8,
  })
  .map((points) => String.fromCodePoint(...points));

test('the one form is its own, whatever an address was made of', () => {
  fc.assert(
    fc.property(anything, anything, (local, domain) => {
      for (const text of [`${local}@${domain}`, `ada@${domain}.com`, `${local}@example.com`]) {
        const email = canonicalEmail(text);
        if (email === undefined) continue;
        expect(canonicalEmail(email)).toBe(email);
        expect(email).toMatch(/^[!-~]+$/);
        // Nothing but A to Z was folded before the @.
        expect(text.slice(0, text.lastIndexOf('@'))).toMatch(/^[!-~]+$/);
      }
    }),
    { numRuns: 300 },
  );
});

import { describe, expect, test } from 'vitest';
import type { OperatedOrganization } from '#tenancy/organizations.ts';
import type { SecurityEvent } from '#tenancy/security-events.ts';
import {
  assignedAnswer,
  createdAnswer,
  limitedAnswer,
  organizationsAnswer,
  resumedAnswer,
  securityAnswer,
  suspendedAnswer,
} from './answers.ts';

const id = '01970000-0000-7000-8000-000000000001';
const acme: OperatedOrganization = {
  id,
  slug: 'acme',
  name: 'Acme Ltd',
  status: 'active',
  createdAt: '2026-03-01T09:30:00.000Z',
  suspendedAt: null,
  suspensionReason: null,
  maxConcurrency: 8,
};
const suspended: OperatedOrganization = {
  ...acme,
  status: 'suspended',
  suspendedAt: '2026-03-02T09:30:00.000Z',
  suspensionReason: 'Invoice 1001 is overdue',
};

describe('the list of organizations', () => {
  test('of none says how to create one', () => {
    expect(organizationsAnswer([])).toEqual({
      json: [],
      text: 'There are no organizations yet. To create one: npm run org:create -- --help',
    });
  });

  test('has a column for each, as wide as the longest slug and not narrower than four', () => {
    const short = { ...suspended, slug: 'a', name: 'A' };
    expect(organizationsAnswer([short])).toEqual({ json: [short], text: `a     ${id}  suspended  A` });
    expect(organizationsAnswer([short, { ...acme, slug: 'a-long-slug' }]).text).toBe(
      [`a            ${id}  suspended  A`, `a-long-slug  ${id}  active     Acme Ltd`].join('\n'),
    );
  });
});

test('an organization that was created shows its key once and what is next', () => {
  const created = { id, slug: 'acme', name: 'Acme Ltd', apiKey: 'sk_test_x' };
  expect(createdAnswer(created)).toEqual({
    json: created,
    text: [
      `Created organization acme (${id}).`,
      'API key, shown once: sk_test_x',
      'Next: npm run users:assign -- --org acme --email you@example.com --role admin',
    ].join('\n'),
  });
});

test.each([
  ['Invoice 1001 is overdue', ': Invoice 1001 is overdue'],
  [null, ''],
])(
  'an organization that is suspended says since when, and why when it is known: %s',
  (suspensionReason, why) => {
    const organization = { ...suspended, suspensionReason };
    expect(suspendedAnswer(organization, false)).toEqual({
      json: organization,
      text: [
        `acme (Acme Ltd) has been suspended since 2026-03-02T09:30:00.000Z${why}.`,
        'To resume it: npm run org:resume -- --org acme',
      ].join('\n'),
    });
    expect(suspendedAnswer(organization, true)).toEqual({
      json: { ...organization, dryRun: true },
      text: `Would suspend acme (Acme Ltd)${why}.`,
    });
  },
);

test('a resumed organization is active, and a dry run says that it would be', () => {
  expect(resumedAnswer(acme, false)).toEqual({ json: acme, text: 'acme (Acme Ltd) is active.' });
  expect(resumedAnswer(acme, true)).toEqual({
    json: { ...acme, dryRun: true },
    text: 'Would resume acme (Acme Ltd).',
  });
});

test.each([
  [true, 'New user ada@example.com is now clerk of acme.'],
  [false, 'User ada@example.com is now clerk of acme.'],
])('a user who is a member now: new %s', (created, text) => {
  const assignment = {
    userId: id,
    email: 'ada@example.com',
    organization: 'acme',
    role: 'clerk',
    created,
  } as const;
  expect(assignedAnswer(assignment)).toEqual({ json: assignment, text });
});

describe('the security events', () => {
  const event: SecurityEvent = {
    kind: 'organization_mismatch',
    actor: 'key:abc',
    named: 'globex ?',
    requests: 3,
    firstAt: '2026-03-01T09:30:00.000Z',
    lastAt: '2026-03-01T09:30:59.000Z',
    firstRequestId: 'r-1',
  };
  const asked = { org: 'acme', sinceMs: 7 * 86_400_000, most: 3 };

  test('none are reported with the time that was searched', () => {
    expect(securityAnswer([], asked)).toEqual({
      json: [],
      text: 'No credential of acme was refused in the last 7d.',
    });
    expect(securityAnswer([], { ...asked, sinceMs: 90_000 }).text).toBe(
      'No credential of acme was refused in the last 90s.',
    );
  });

  test('have columns, as wide as the longest actor', () => {
    const events = [event, { ...event, actor: 'user:0197-abcde', requests: 1_234_567, named: '*' }];
    expect(securityAnswer(events, asked)).toEqual({
      json: events,
      text: [
        'last at                    times  credential       presented',
        '2026-03-01T09:30:59.000Z       3  key:abc          globex ?',
        '2026-03-01T09:30:59.000Z  1234567  user:0197-abcde  *',
      ].join('\n'),
    });
  });

  test('as many as --most may not be all', () => {
    const lines = (count: number) =>
      securityAnswer(
        Array.from({ length: count }, () => event),
        asked,
      ).text.split('\n');
    expect(lines(2).slice(3)).toEqual([]);
    expect(lines(3).slice(4)).toEqual(['There may be more: --most takes up to 100000.']);
  });
});

test.each([
  [false, 'can'],
  [true, 'could'],
] as const)(
  'a limit, with --dry-run %s, says how many requests an organization %s have under way',
  (dryRun, word) => {
    expect(limitedAnswer(acme, dryRun)).toEqual({
      json: dryRun ? { ...acme, dryRun } : acme,
      text: `acme (Acme Ltd) ${word} have 8 requests under way at once.`,
    });
  },
);

import type { RouteDocumentation } from '#http/openapi/documentation.ts';
import { CreatedOrganization, listOf, OperatedOrganization } from './answers.ts';
import { BackupCheck } from './backup-checks.ts';

const organization = {
  id: '0197b1f2-6c1e-7a30-9d2f-3a5e0c7b1d42',
  slug: 'acme',
  name: 'Acme Ltd',
  status: 'active',
  createdAt: '2026-03-01T09:30:00.000Z',
  suspendedAt: null,
  suspensionReason: null,
  maxConcurrency: 12,
};
const path = { slug: organization.slug };

export const platformRoutes: Readonly<Record<string, RouteDocumentation>> = {
  'POST /platform/organizations': {
    id: 'createOrganization',
    summary: 'Creates an organization and its first key',
    description:
      'You can safely repeat the request: the slug is unique, so it gets 409. If you lost the answer, create another key.',
    answer: CreatedOrganization,
    problems: ['already_exists'],
    example: {
      body: { slug: 'acme', name: 'Acme Ltd' },
      answer: {
        id: organization.id,
        ...path,
        name: 'Acme Ltd',
        apiKey: 'sk_live_0aQ3xVb7LmTz_…',
        looksLike: [],
      },
    },
  },
  'GET /platform/organizations': {
    id: 'listOrganizations',
    summary: 'Lists organizations, by slug',
    answer: listOf(OperatedOrganization),
    example: { answer: { data: [organization], nextCursor: null } },
  },
  'POST /platform/organizations/{slug}/suspend': {
    id: 'suspendOrganization',
    summary: 'Suspends an organization: every new request is refused',
    description:
      'Requests in progress finish. Repeating it changes only the reason, if you give another one.',
    answer: OperatedOrganization,
    example: {
      path,
      body: { reason: 'Invoice 1001 is overdue' },
      answer: {
        ...organization,
        status: 'suspended',
        suspendedAt: '2026-04-01T08:00:00.000Z',
        suspensionReason: 'Invoice 1001 is overdue',
      },
    },
  },
  'GET /platform/backups': {
    id: 'listBackupChecks',
    summary: 'Lists the result of every backup check in the last run of the monitor',
    description:
      'Empty before the first run. One answer has all checks. `npm run monitor:backups` runs them again. `docs/runbook` has a page for each.',
    answer: listOf(BackupCheck),
    example: {
      answer: {
        data: [
          {
            check: 'latest-restorable-time',
            title: 'A failure now would lose no more than promised',
            status: 'ok',
            reason: null,
            summary: 'stockade can be restored to 3 min 20 s ago; the limit is 15 min.',
            facts: { latestRestorableAt: '2026-04-01T07:56:40.000Z', behindSeconds: 200 },
            runbook: 'docs/runbook/backup-latest-restorable-time.md',
            since: '2026-03-30T21:00:04.120Z',
            checkedAt: '2026-04-01T08:00:00.000Z',
            stale: false,
            alertedAt: null,
          },
        ],
        nextCursor: null,
      },
    },
  },
  'POST /platform/organizations/{slug}/resume': {
    id: 'resumeOrganization',
    summary: 'Resumes a suspended organization',
    description: 'Repeating it changes nothing.',
    answer: OperatedOrganization,
    example: { path, answer: organization },
  },
};

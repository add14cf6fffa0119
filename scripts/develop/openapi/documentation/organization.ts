import type { RouteDocumentation } from '#http/openapi/documentation.ts';
import { ApiKey, listOf, Member, NewApiKey, Organization } from './answers.ts';

const id = '0197b1f2-6c1e-7a30-9d2f-3a5e0c7b1d42';
const createdAt = '2026-03-01T09:30:00.000Z';
const key = {
  id: '0aQ3xVb7LmTz',
  name: 'Till, Camden',
  scopes: ['read', 'write'],
  createdAt,
  expiresAt: '2027-03-01T09:30:00.000Z',
  revokedAt: null,
  lastUsedAt: null,
  replacedBy: null,
};
const replay =
  'The secret is not stored. When an `Idempotency-Key` replays the answer, no second key is created and `key` is null. ' +
  'If you lost the first answer, rotate or revoke the key that it names.';

export const organizationRoutes: Readonly<Record<string, RouteDocumentation>> = {
  'GET /v1/organization': {
    id: 'getOrganization',
    summary: 'Shows your organization',
    answer: Organization,
    example: { answer: { id, slug: 'acme', name: 'Acme Ltd', status: 'active', createdAt } },
  },
  'POST /v1/api-keys': {
    id: 'createApiKey',
    summary: 'Creates a key',
    description: `A key cannot have a scope that the caller lacks.\n\n${replay}`,
    answer: NewApiKey,
    example: {
      body: { name: key.name, scopes: key.scopes, expiresAt: '2099-03-01T09:30:00Z' },
      answer: { ...key, key: 'sk_live_0aQ3xVb7LmTz_…' },
    },
  },
  'GET /v1/api-keys': {
    id: 'listApiKeys',
    summary: 'Lists keys, the newest first, including expired and revoked ones',
    answer: listOf(ApiKey),
    example: { answer: { data: [key], nextCursor: null } },
  },
  'DELETE /v1/api-keys/{id}': {
    id: 'revokeApiKey',
    summary: 'Revokes a key at once',
    description:
      'Requests that begin later are refused. Repeating it changes nothing. A key may revoke itself, so that you can stop a ' +
      'leaked key with the key itself. If no key is left, ask an operator for a new one.',
    example: { path: { id: key.id } },
  },
  'POST /v1/api-keys/{id}/rotation': {
    id: 'rotateApiKey',
    summary: 'Replaces a key by a new one of the same name, scopes and lifetime',
    description: `The old key works until the overlap ends: by default one day, at most 30 days; 0 revokes it at once. A key can be rotated once.\n\n${replay}`,
    answer: NewApiKey,
    problems: ['invalid_input'],
    example: {
      path: { id: key.id },
      body: { overlapSeconds: 3_600 },
      answer: { ...key, key: 'sk_live_0aQ3xVb7LmTz_…' },
    },
  },
  'GET /v1/users': {
    id: 'listUsers',
    summary: 'Lists the members of your organization, by email',
    answer: listOf(Member),
    example: {
      answer: {
        data: [{ id, email: 'ada@example.com', name: 'Ada', role: 'admin', since: createdAt }],
        nextCursor: null,
      },
    },
  },
};

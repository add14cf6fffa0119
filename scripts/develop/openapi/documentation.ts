import type { Documentation } from '#http/openapi/documentation.ts';
import manifest from '../../../package.json' with { type: 'json' };
import { catalogRoutes } from './documentation/catalog.ts';
import { drillRoutes } from './documentation/drills.ts';
import { ledgerRoutes } from './documentation/ledger.ts';
import { organizationRoutes } from './documentation/organization.ts';
import { platformRoutes } from './documentation/platform.ts';
import { reconciliationRoutes } from './documentation/reconciliations.ts';
import { reservationRoutes } from './documentation/reservations.ts';
import { sealRoutes } from './documentation/seals.ts';
import { serviceRoutes } from './documentation/service.ts';
import { vocabulary } from './documentation/vocabulary.ts';

/** The texts of the OpenAPI document. A route without a text here fails `npm run openapi`. */
export const documentation: Documentation = {
  title: 'Stockade',
  version: manifest.version,
  description: [
    'A multi-tenant inventory ledger. JSON in UTF-8, camelCase, times in UTC. SKUs and location codes name items and locations everywhere.',
    '**Credentials.** Send an API key or a JWT as `Authorization: Bearer …`, or an API key as `x-api-key`. The credential, `x-organization` and the subdomain must name the same organization.',
    '**Lists** answer `{"data": […], "nextCursor": "…" | null}`. Pass `nextCursor` back as `cursor`, unchanged, until it is null. `limit` is at most 200, by default 50. A page may have fewer rows although the list goes on.',
    '**Retries.** Every POST of an organization takes an `Idempotency-Key`: repeated with the same key, a request takes effect once.',
    '**Refusals** are `application/problem+json` with a `code` for programs and a `detail` for people. Every answer carries `x-request-id`.',
    '**Limits.** An entry has at most 1,000 lines, `metadata` 8,192 bytes, a request 6 MB.',
  ].join('\n\n'),
  tags: {
    items: 'The things in stock.',
    locations: 'The places that hold stock.',
    movements: 'Post entries, and list their lines.',
    entries: 'Atomic postings.',
    balances: 'The stock, now or in the past.',
    reservations: 'Stock held for somebody.',
    reconciliations: 'Comparisons of the balances with the ledger.',
    seals: 'Hashes of the ledger that make every change visible.',
    organization: 'Your organization.',
    'api-keys': 'The API keys of your organization.',
    users: 'The members of your organization.',
    platform: 'For operators: organizations and backups.',
    drills: 'For operators: restored and proven backups.',
    health: 'Whether the service works.',
    docs: 'This document.',
  },
  routes: {
    ...catalogRoutes,
    ...ledgerRoutes,
    ...organizationRoutes,
    ...platformRoutes,
    ...drillRoutes,
    ...reconciliationRoutes,
    ...reservationRoutes,
    ...sealRoutes,
    ...serviceRoutes,
  },
  vocabulary,
};

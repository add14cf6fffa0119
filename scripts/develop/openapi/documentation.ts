import type { Documentation } from '#http/openapi/documentation.ts';
import manifest from '../../../package.json' with { type: 'json' };
import { catalogRoutes } from './documentation/catalog.ts';
import { drillRoutes } from './documentation/drills.ts';
import { ledgerRoutes } from './documentation/ledger.ts';
import { organizationRoutes } from './documentation/organization.ts';
import { platformRoutes } from './documentation/platform.ts';
import { reconciliationRoutes } from './documentation/reconciliations.ts';
import { sealRoutes } from './documentation/seals.ts';
import { serviceRoutes } from './documentation/service.ts';
import { vocabulary } from './documentation/vocabulary.ts';

/** Everything about the API that is written by hand. A route that is missing here fails `npm run openapi`. */
export const documentation: Documentation = {
  title: 'Stockade',
  version: manifest.version,
  description: [
    'A multi-tenant inventory ledger. JSON in UTF-8, camelCase, times in UTC. SKUs and location codes are used wherever an item or a location is named.',
    '**Credentials.** Send an API key or a JWT as `Authorization: Bearer …`, or an API key as `x-api-key`. Everything that names an organization must agree: the credential, `x-organization` and the subdomain.',
    '**Lists** answer `{"data": […], "nextCursor": "…" | null}`. Pass `nextCursor` back as `cursor`, unchanged, until it is null. `limit` is 50 unless said, 200 at most.',
    '**Retries.** Any POST of an organization takes an `Idempotency-Key`; sent again under it, a request takes effect once.',
    '**Refusals** are `application/problem+json` with a `code` for programs and a `detail` for people. Every answer carries `x-request-id`.',
    '**Limits.** An entry has at most 1,000 lines, `metadata` 8,192 bytes, a request 6 MB.',
  ].join('\n\n'),
  tags: {
    items: 'What is kept in stock.',
    locations: 'Where stock is kept.',
    movements: 'What moves: entries are posted here, and their lines listed.',
    entries: 'One atomic posting each.',
    balances: 'What there is, now or then.',
    reconciliations: 'How the balances were compared with the ledger, and what was found.',
    seals: 'What the ledger held, so that nobody can change it unseen.',
    organization: 'The organization that asks.',
    'api-keys': 'The keys of the organization that asks.',
    users: 'The members of the organization that asks.',
    platform: 'For operators: the organizations themselves, and how the backups are.',
    drills: 'For operators: what was restored, and proven.',
    health: 'Whether it works.',
    docs: 'What it does.',
  },
  routes: {
    ...catalogRoutes,
    ...ledgerRoutes,
    ...organizationRoutes,
    ...platformRoutes,
    ...drillRoutes,
    ...reconciliationRoutes,
    ...sealRoutes,
    ...serviceRoutes,
  },
  vocabulary,
};

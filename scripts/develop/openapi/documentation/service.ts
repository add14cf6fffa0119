import * as z from 'zod';
import type { RouteDocumentation } from '#http/openapi/documentation.ts';

export const serviceRoutes: Readonly<Record<string, RouteDocumentation>> = {
  'GET /health': {
    id: 'getHealth',
    summary: 'Reports that the process runs',
    answer: z.strictObject({ status: z.literal('ok') }),
    example: { answer: { status: 'ok' } },
  },
  'GET /ready': {
    id: 'getReadiness',
    summary: 'Reports that the database can serve too, writes included',
    answer: z.strictObject({ status: z.literal('ready') }),
    problems: ['unavailable'],
    example: { answer: { status: 'ready' } },
  },
  'GET /openapi.json': {
    id: 'getOpenApi',
    summary: 'Returns this document',
    answer: z.looseObject({ openapi: z.string() }),
  },
  'GET /docs': { id: 'getDocs', summary: 'Shows this document as a page', answer: 'text/html' },
};

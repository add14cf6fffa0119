import * as z from 'zod';
import type { RouteDocumentation } from '#http/openapi/documentation.ts';

export const serviceRoutes: Readonly<Record<string, RouteDocumentation>> = {
  'GET /health': {
    id: 'getHealth',
    summary: 'Answers when the process does',
    answer: z.strictObject({ status: z.literal('ok') }),
    example: { answer: { status: 'ok' } },
  },
  'GET /ready': {
    id: 'getReadiness',
    summary: 'Answers when the database does too',
    answer: z.strictObject({ status: z.literal('ready') }),
    problems: ['unavailable'],
    example: { answer: { status: 'ready' } },
  },
  'GET /openapi.json': {
    id: 'getOpenApi',
    summary: 'Answers this document',
    answer: z.looseObject({ openapi: z.string() }),
  },
  'GET /docs': { id: 'getDocs', summary: 'Shows this document as a page', answer: 'text/html' },
};

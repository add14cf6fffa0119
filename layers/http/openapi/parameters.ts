import { defaultLimit, maxLimit } from '../page.ts';
import type { JsonSchema } from './schemas.ts';

/** The parameters and headers that many routes share. */
export const sharedParameters = {
  Limit: {
    name: 'limit',
    in: 'query',
    description: 'The most rows to answer.',
    schema: { type: 'integer', minimum: 1, maximum: maxLimit, default: defaultLimit },
  },
  Cursor: {
    name: 'cursor',
    in: 'query',
    description: 'The `nextCursor` of the previous page, unchanged. Opaque: its content may change.',
    schema: { type: 'string' },
  },
  Organization: {
    name: 'x-organization',
    in: 'header',
    description:
      'The organization, by slug or id. It chooses and proves nothing: the credential must belong to it.',
    schema: { type: 'string' },
    example: 'acme',
  },
  IdempotencyKey: {
    name: 'Idempotency-Key',
    in: 'header',
    description:
      'Makes a retry safe: the same request under the same key takes effect once, and every further one gets ' +
      'the first answer with `Idempotent-Replayed: true`. Keys belong to the organization. Another request under the ' +
      'same key is refused with 422 `idempotency_mismatch`. A refused request stores nothing and may be sent again. ' +
      'A key is kept for at least 24 hours. After that it is new again.',
    schema: { type: 'string', minLength: 1, maxLength: 255, pattern: '^[\\x21-\\x7e]+$' },
    example: 'order-5001-receipt',
  },
} as const;

export const sharedHeaders = {
  RequestId: {
    description: 'The id of this request in the logs.',
    schema: { type: 'string' },
    required: true,
  },
  RetryAfter: {
    description: 'Seconds to wait before the next attempt.',
    schema: { type: 'integer', minimum: 1 },
    required: true,
  },
  IdempotentReplayed: {
    description:
      'Present when the answer is the stored one of an earlier request under this `Idempotency-Key`.',
    schema: { type: 'string', const: 'true' },
  },
} as const;

const shared = { limit: 'Limit', cursor: 'Cursor' } as const;

/** The parameters that the properties of an object's schema describe. */
export function parametersOf(
  place: 'path' | 'query',
  schema: JsonSchema,
  examples: Readonly<Record<string, string>> = {},
): unknown[] {
  const { properties = {}, required = [] } = schema as {
    properties?: Record<string, JsonSchema>;
    required?: readonly string[];
  };
  return Object.entries(properties).map(([name, property]) => {
    if (place === 'query' && name in shared)
      return { $ref: `#/components/parameters/${shared[name as keyof typeof shared]}` };
    const { description, ...rest } = property;
    return {
      name,
      in: place,
      required: place === 'path' || required.includes(name),
      ...(description !== undefined && { description }),
      schema: rest,
      ...(examples[name] !== undefined && { example: examples[name] }),
    };
  });
}

import { STATUS_CODES } from 'node:http';

/** The refusals of the API, by code: their statuses and what they mean. */
export const problems = {
  invalid_input: { statuses: [400, 415, 422], means: 'the request is wrong: `errors` names each field' },
  organization_required: {
    statuses: [400],
    means: 'the user belongs to several organizations: name one with `x-organization`',
  },
  unauthenticated: { statuses: [401], means: 'no credential was sent' },
  invalid_credentials: { statuses: [401], means: 'the credential is malformed, unknown, revoked or expired' },
  organization_mismatch: {
    statuses: [403],
    means: 'the request names another organization than the credential belongs to',
  },
  organization_suspended: { statuses: [403], means: 'the organization is suspended' },
  insufficient_scope: { statuses: [403], means: 'the credential lacks the scope' },
  operator_required: {
    statuses: [403],
    means: "a tenant's credential was sent, but the route is for operators",
  },
  not_found: { statuses: [404], means: 'the object does not exist, or belongs to another organization' },
  already_exists: { statuses: [409], means: 'the name is taken' },
  in_use: { statuses: [409], means: 'the object has stock or history' },
  insufficient_stock: {
    statuses: [409],
    means: 'lines take more than is available: `lines` names each of them',
  },
  stale_balance: {
    statuses: [409],
    means: 'balances do not have the `expectedVersion`: `lines` names each of them',
  },
  reservation_closed: {
    statuses: [409],
    means: 'the reservation is not open any more: `state` says what it is',
  },
  exceeds_reservation: {
    statuses: [409],
    means: 'the reservation does not hold that much: `lines` names each balance',
  },
  already_reversed: { statuses: [409], means: 'the entry is already reversed' },
  not_reversible: { statuses: [409], means: 'a reversal cannot be reversed' },
  not_sealed: { statuses: [409], means: 'the movement is not in a seal yet' },
  seal_mismatch: {
    statuses: [409],
    means: 'the seal that should contain the movement does not: report it to the operator',
  },
  payload_too_large: { statuses: [413], means: 'the request is larger than 6 MB' },
  idempotency_mismatch: { statuses: [422], means: 'the `Idempotency-Key` was used for another request' },
  history_too_long: {
    statuses: [422],
    means: 'the answer would add up too many movements: ask for fewer balances at a time',
  },
  quantity_out_of_range: { statuses: [422], means: 'a balance would exceed fifteen digits' },
  too_many_requests: {
    statuses: [429],
    means: 'the organization has too many requests under way, or too many credentials were not valid',
  },
  internal: { statuses: [500], means: 'a fault of ours: quote the `requestId`' },
  unavailable: { statuses: [503], means: 'the database does not answer' },
  outcome_unknown: {
    statuses: [503],
    means: 'the database did not say whether it has stored the request: it may be stored or not',
  },
  busy: { statuses: [503], means: 'rows are locked for too long' },
  timeout: { statuses: [503], means: 'the request took too long' },
} as const satisfies Readonly<Record<string, { statuses: readonly number[]; means: string }>>;

export type ProblemCode = keyof typeof problems;

/** What the kind of a route says about its refusals. */
export interface RouteKind {
  readonly scope: string;
  readonly takesInput: boolean;
  readonly takesBody: boolean;
  readonly takesIdempotencyKey: boolean;
  /** Whether it changes what is stored. */
  readonly writes: boolean;
  readonly namesInPath: boolean;
}

const unavailable = ['unavailable', 'busy', 'timeout'] as const;
const authenticated = ['unauthenticated', 'invalid_credentials', ...unavailable] as const;

/** The codes that every route of a kind can answer, by status. */
function commonProblems(kind: RouteKind): Map<number, Set<ProblemCode>> {
  const found = new Map<number, Set<ProblemCode>>();
  const add = (status: number, ...codes: readonly ProblemCode[]) =>
    found.set(status, new Set([...(found.get(status) ?? []), ...codes]));
  const addAll = (codes: readonly ProblemCode[]) => {
    for (const code of codes) add(problems[code].statuses[0], code);
  };
  if (kind.takesInput) add(400, 'invalid_input');
  if (kind.takesBody) {
    add(413, 'payload_too_large');
    add(415, 'invalid_input');
  }
  if (kind.namesInPath) addAll(['not_found']);
  if (kind.takesIdempotencyKey) addAll(['idempotency_mismatch']);
  if (kind.writes) addAll(['outcome_unknown']);
  if (kind.scope === 'operator') addAll([...authenticated, 'operator_required']);
  else if (kind.scope !== 'none') {
    addAll([...authenticated, 'organization_required', 'organization_mismatch', 'organization_suspended']);
    addAll(['insufficient_scope', 'too_many_requests']);
  }
  add(500, 'internal');
  return found;
}

/** Responses of refusals. Those that several routes share are kept once. */
export class ProblemBook {
  /** By name. */
  readonly components: Record<string, unknown> = {};

  /** The responses of all refusals of a route, by status. `also` are the codes of this route only. */
  read(kind: RouteKind, also: readonly ProblemCode[]): Record<string, unknown> {
    const common = commonProblems(kind);
    const all = new Map([...common].map(([status, codes]) => [status, new Set(codes)]));
    for (const code of also) {
      // A field that is wrong by itself is 400; what only the database can find is 422.
      const status = code === 'invalid_input' ? 422 : problems[code].statuses[0];
      all.set(status, new Set([...(all.get(status) ?? []), code]));
    }
    const byStatus = [...all].sort(([a], [b]) => a - b);
    return Object.fromEntries(
      byStatus.map(([status, codes]) => [
        String(status),
        codes.size === common.get(status)?.size
          ? this.refer(kind.scope, status, [...codes])
          : response(status, [...codes]),
      ]),
    );
  }

  private refer(scope: string, status: number, codes: readonly ProblemCode[]): unknown {
    const audience = scope === 'none' ? 'Open' : scope === 'operator' ? 'Operator' : 'Tenant';
    const what = codes.includes('outcome_unknown') ? 'Write' : '';
    const name = `${audience}${what}${STATUS_CODES[status]?.replaceAll(' ', '')}`;
    this.components[name] ??= response(status, codes);
    return { $ref: `#/components/responses/${name}` };
  }
}

function response(status: number, codes: readonly ProblemCode[]): unknown {
  const headers: Record<string, unknown> = { 'x-request-id': { $ref: '#/components/headers/RequestId' } };
  if (status === 401) headers['www-authenticate'] = { schema: { const: 'Bearer realm="stockade"' } };
  if (status === 429 || status === 503) headers['retry-after'] = { $ref: '#/components/headers/RetryAfter' };
  const narrowed = { type: 'object', properties: { status: { const: status }, code: { enum: codes } } };
  return {
    description: codes.map((code) => `\`${code}\`: ${problems[code].means}.`).join('\n\n'),
    headers,
    content: {
      'application/problem+json': {
        schema: { allOf: [{ $ref: '#/components/schemas/Problem' }, narrowed] },
      },
    },
  };
}

/** RFC 9457, with a code for programs. */
export const problemSchema = {
  type: 'object',
  description: 'A refusal (RFC 9457). Programs look at `code`, people read `detail`.',
  required: ['type', 'title', 'status', 'code', 'detail', 'requestId'],
  properties: {
    type: { type: 'string', const: 'about:blank' },
    title: { type: 'string' },
    status: { type: 'integer' },
    code: { type: 'string', enum: Object.keys(problems) },
    detail: { type: 'string', description: 'What is wrong, and what to do.' },
    requestId: {
      type: 'string',
      description: 'The same as in `x-request-id`: quote it when you report a fault.',
    },
    errors: {
      type: 'array',
      description: 'Each field that is wrong.',
      items: {
        type: 'object',
        required: ['field', 'message'],
        properties: { field: { type: 'string', examples: ['lines[3].sku'] }, message: { type: 'string' } },
      },
    },
    lines: {
      type: 'array',
      description:
        'With `insufficient_stock`, `stale_balance` and `exceeds_reservation`: the lines that were refused.',
      items: { type: 'object' },
    },
  },
  examples: [
    {
      type: 'about:blank',
      title: 'Bad Request',
      status: 400,
      code: 'invalid_input',
      detail: 'A field of the request is wrong.',
      requestId: 'ATfSmjLgPHcESJw=',
      errors: [{ field: 'lines[0].quantity', message: 'must not be zero' }],
    },
  ],
} as const;

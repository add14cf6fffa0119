/**
 * Who may enter which organization: the rules of the contract, as data. The first rule that applies decides.
 *
 * The organizations: `home`, which the key belongs to and whose status varies; `other`, which exists and is active;
 * `elsewhere`, where users are who are not members of `home`.
 */

/** One way to send a request. The whole lattice is every combination. */
export interface Request {
  readonly key: (typeof dimensions.key)[number];
  readonly token: (typeof dimensions.token)[number];
  readonly header: (typeof dimensions.header)[number];
  readonly subdomain: (typeof dimensions.subdomain)[number];
  /** Of `home`. */
  readonly status: (typeof dimensions.status)[number];
  /** Whether the token's user is a member of `home`. */
  readonly member: (typeof dimensions.member)[number];
}

export const dimensions = {
  key: ['none', 'malformed', 'unknown', 'revoked', 'expired', 'valid'],
  token: ['none', 'bad signature', 'expired', 'wrong issuer', 'valid, one organization', 'valid, several'],
  header: ['none', 'same', 'other', 'unknown'],
  subdomain: ['none', 'same', 'other', 'unknown'],
  status: ['active', 'suspended'],
  member: ['yes', 'no'],
} as const;

export type Organization = 'home' | 'other' | 'elsewhere';

export type Outcome = `401 ${'unauthenticated' | 'invalid_credentials'}` | Refused | `enters ${Organization}`;
type Refused = '400 organization_required' | '403 organization_mismatch' | '403 organization_suspended';

/** Where each user of the lattice is a member. */
export function membershipsOf({ token, member }: Pick<Request, 'token' | 'member'>): readonly Organization[] {
  const first = member === 'yes' ? 'home' : 'elsewhere';
  return token === 'valid, several' ? [first, 'other'] : [first];
}

/** What a selector names: `unknown` names no organization. */
const named = { same: 'home', other: 'other', unknown: undefined } as const;

function selectorsOf({ header, subdomain }: Request): readonly (Organization | undefined)[] {
  return [header, subdomain].filter((selector) => selector !== 'none').map((selector) => named[selector]);
}

const hasKey = ({ key }: Request) => key !== 'none';
const hasToken = ({ token }: Request) => token !== 'none';
const isGoodKey = ({ key }: Request) => key === 'valid';
const isGoodToken = ({ token }: Request) => token.startsWith('valid');

/** The organizations of the key's that everything selects. */
function ofKey(request: Request): readonly Organization[] {
  return (['home'] as const).filter((mine) => selectorsOf(request).every((selected) => selected === mine));
}

/** The organizations of the user's that everything selects; a key selects too. */
function ofUser(request: Request): readonly Organization[] {
  return membershipsOf(request)
    .filter((mine) => selectorsOf(request).every((selected) => selected === mine))
    .filter((mine) => !hasKey(request) || mine === 'home');
}

function isSuspended(organization: Organization | undefined, { status }: Request): boolean {
  return organization === 'home' && status === 'suspended';
}

interface Rule {
  readonly rule: string;
  readonly applies: (request: Request) => boolean;
  readonly outcome: (request: Request) => Outcome;
}

/** Authority comes first, then each authority in turn, the key before the user: agreement, choice, suspension. */
export const rules: readonly Rule[] = [
  {
    rule: 'nothing, or only selectors',
    applies: (request) => !hasKey(request) && !hasToken(request),
    outcome: () => '401 unauthenticated',
  },
  {
    rule: 'a malformed, unknown, revoked or expired key, whatever else is right',
    applies: (request) => hasKey(request) && !isGoodKey(request),
    outcome: () => '401 invalid_credentials',
  },
  {
    rule: 'a bad token, whatever else is right',
    applies: (request) => hasToken(request) && !isGoodToken(request),
    outcome: () => '401 invalid_credentials',
  },
  {
    rule: 'a key and a selector that names another or no organization',
    applies: (request) => hasKey(request) && ofKey(request).length === 0,
    outcome: () => '403 organization_mismatch',
  },
  {
    rule: 'the key of a suspended organization',
    applies: (request) => hasKey(request) && isSuspended('home', request),
    outcome: () => '403 organization_suspended',
  },
  {
    rule: 'a user who is a member of nothing that is named, by a selector or by the key',
    applies: (request) => hasToken(request) && ofUser(request).length === 0,
    outcome: () => '403 organization_mismatch',
  },
  {
    rule: 'a user of several organizations, and none is named',
    applies: (request) => hasToken(request) && ofUser(request).length > 1,
    outcome: () => '400 organization_required',
  },
  {
    rule: 'a user of a suspended organization',
    applies: (request) => hasToken(request) && isSuspended(ofUser(request)[0], request),
    outcome: () => '403 organization_suspended',
  },
  {
    rule: 'everything agrees',
    applies: () => true,
    outcome: (request) => `enters ${hasKey(request) ? 'home' : (ofUser(request)[0] as Organization)}`,
  },
];

export function ruleFor(request: Request): Rule {
  return rules.find(({ applies }) => applies(request)) as Rule;
}

/** Every combination: 6 · 6 · 4 · 4 · 2 · 2 = 2,304 requests. */
export function wholeLattice(): Request[] {
  return Object.entries(dimensions).reduce<Record<string, string>[]>(
    (requests, [name, values]) =>
      requests.flatMap((request) => values.map((value) => ({ ...request, [name]: value }))),
    [{}],
  ) as unknown as Request[];
}

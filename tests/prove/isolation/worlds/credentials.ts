import { type Issuer, startIssuer } from '#scripts/local/issuer/issuer.ts';
import { createSigningKey, signToken } from '#scripts/local/issuer/signing-key.ts';

/** Whose tokens are sent. The subject has all members; `ofBoth` is a member of the other organization too. */
export const emails = {
  admin: 'ada@example.com',
  clerk: 'bob@example.com',
  ofBoth: 'cleo@example.com',
  stranger: 'eve@example.com',
} as const;

/** What a step can be asked with; several at once are sent together. */
export type Credential = 'key' | TokenName;

export type TokenName = keyof typeof emails | 'expired' | 'forged';

/** The tokens of one proof, the same in every world. */
export interface Tokens extends AsyncDisposable {
  readonly issuer: Issuer;
  readonly of: Readonly<Record<TokenName, string>>;
}

/** Starts an issuer, and has it sign a token for everybody who is to ask. */
export async function issueTokens(): Promise<Tokens> {
  const [signingKey, forger] = [await createSigningKey(), await createSigningKey()];
  const issuer = await startIssuer(signingKey);
  const { admin, clerk, ofBoth, stranger } = emails;
  return {
    issuer,
    of: {
      admin: await issuer.issueToken({ email: admin }),
      clerk: await issuer.issueToken({ email: clerk }),
      ofBoth: await issuer.issueToken({ email: ofBoth }),
      stranger: await issuer.issueToken({ email: stranger }),
      expired: await issuer.issueToken({ email: admin, lifetimeSeconds: -3600 }),
      // Under the id of the right key: the signature is all that is wrong.
      forged: await signToken({ ...forger, kid: signingKey.kid }, { email: admin }),
    },
    [Symbol.asyncDispose]: () => issuer.close(),
  };
}

/** The headers that carry credentials. Those of `own` may be replaced by a step's own; those of `fixed` stay. */
export function headersOf(by: readonly Credential[], key: string, tokens: Tokens['of']) {
  const token = by.find((credential) => credential !== 'key');
  const keyHeader = by.includes('key') ? { 'x-api-key': key } : {};
  if (token === undefined) return { own: keyHeader, fixed: {} };
  const tokenHeader = { authorization: `Bearer ${tokens[token]}` };
  if (token !== 'ofBoth') return { own: keyHeader, fixed: tokenHeader };
  // What this user may see in the other organization is nothing that has to be the same: the key or a name says which.
  const named = by.includes('key') ? keyHeader : { 'x-organization': 'subject' };
  return { own: {}, fixed: { ...tokenHeader, ...named } };
}

import { type Issuer, startIssuer } from '#scripts/local/issuer/issuer.ts';
import { createSigningKey, signToken } from '#scripts/local/issuer/signing-key.ts';

/** The users of the tokens. All but `stranger` are members of the subject; `ofBoth` is also a member of the other one. */
export const emails = {
  admin: 'ada@example.com',
  clerk: 'bob@example.com',
  ofBoth: 'cleo@example.com',
  stranger: 'eve@example.com',
} as const;

/** A credential of a step. Several can be sent together. */
export type Credential = 'key' | TokenName;

export type TokenName = keyof typeof emails | 'expired' | 'forged';

/** The tokens, the same in every world. */
export interface Tokens extends AsyncDisposable {
  readonly issuer: Issuer;
  readonly of: Readonly<Record<TokenName, string>>;
}

/** Starts an issuer and issues a token for each user. */
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
      // With the id of the right key, so that only the signature is wrong.
      forged: await signToken({ ...forger, kid: signingKey.kid }, { email: admin }),
    },
    [Symbol.asyncDispose]: () => issuer.close(),
  };
}

/** The headers with credentials. A step may replace those in `own`, but not those in `fixed`. */
export function headersOf(by: readonly Credential[], key: string, tokens: Tokens['of']) {
  const token = by.find((credential) => credential !== 'key');
  const keyHeader = by.includes('key') ? { 'x-api-key': key } : {};
  if (token === undefined) return { own: keyHeader, fixed: {} };
  const tokenHeader = { authorization: `Bearer ${tokens[token]}` };
  if (token !== 'ofBoth') return { own: keyHeader, fixed: tokenHeader };
  // This user may see the other organization too, where worlds differ. So a key or a name always selects the subject.
  const named = by.includes('key') ? keyHeader : { 'x-organization': 'subject' };
  return { own: {}, fixed: { ...tokenHeader, ...named } };
}

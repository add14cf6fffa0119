import { ConfigurationError } from './configuration-error.ts';
import type { ReadContext } from './database-target.ts';

/** An issuer of OpenID Connect tokens, whose users a stage accepts. */
export interface TokenTrust {
  /** The `iss` of its tokens, exactly as written. */
  readonly issuer: string;
  /** The `aud` of its tokens: the client id that Stockade's users log in with. */
  readonly audience: string;
  /** Where it publishes its keys. Undefined means `<issuer>/.well-known/jwks.json`. */
  readonly jwksUri: string | undefined;
}

/** How requests can identify their caller and organization, besides an API key. */
export interface Identity {
  /** Undefined when every token is refused. */
  readonly tokens: TokenTrust | undefined;
  /** The domain whose subdomains are organizations. Undefined when subdomains are not used. */
  readonly baseDomain: string | undefined;
}

const hostName = /^([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]{2,63}$/;

/**
 * The identity in the context: `jwtIssuer` with `jwtAudience`, optionally `jwtJwksUri`, and `baseDomain`.
 * @throws ConfigurationError when the description of an issuer is incomplete, or a value is invalid
 */
export function identity(context: ReadContext): Identity {
  return { tokens: tokenTrust(context), baseDomain: baseDomain(context) };
}

function tokenTrust(context: ReadContext): TokenTrust | undefined {
  const [issuer, audience, jwksUri] = ['jwtIssuer', 'jwtAudience', 'jwtJwksUri'].map((key) =>
    text(context, key),
  );
  if (issuer === undefined) {
    if (audience === undefined && jwksUri === undefined) return undefined;
    throw new ConfigurationError('jwtAudience and jwtJwksUri need an issuer: pass -c jwtIssuer=… too');
  }
  if (audience === undefined) {
    throw new ConfigurationError(
      'An issuer creates tokens for many clients. Pass:\n  -c jwtAudience=…  (the client id that your users log in with)',
    );
  }
  return {
    issuer: httpsUrl('jwtIssuer', issuer),
    audience,
    jwksUri: jwksUri && httpsUrl('jwtJwksUri', jwksUri),
  };
}

function baseDomain(context: ReadContext): string | undefined {
  const domain = text(context, 'baseDomain')?.toLowerCase();
  if (domain === undefined || hostName.test(domain)) return domain;
  throw new ConfigurationError(
    `baseDomain is ${JSON.stringify(domain)}: it must be a host name such as api.example.com`,
  );
}

/** An empty value counts as not set: `-c jwtIssuer=` switches off a value in cdk.json. */
function text(context: ReadContext, key: string): string | undefined {
  const value = context(key);
  return value === undefined || value === '' ? undefined : String(value);
}

function httpsUrl(key: string, value: string): string {
  if (URL.canParse(value) && new URL(value).protocol === 'https:') return value;
  throw new ConfigurationError(
    `${key} is ${JSON.stringify(value)}: it must be a URL that starts with https://`,
  );
}

import { ConfigurationError } from './configuration-error.ts';
import type { ReadContext } from './database-target.ts';

/** Whose users a stage believes: an issuer of OpenID Connect tokens. */
export interface TokenTrust {
  /** The `iss` of its tokens, letter for letter. */
  readonly issuer: string;
  /** The `aud` of its tokens: the client id that Stockade's users log in with. */
  readonly audience: string;
  /** Where it publishes its keys; `<issuer>/.well-known/jwks.json` when undefined. */
  readonly jwksUri: string | undefined;
}

/** How requests say who they are, beside an API key. */
export interface Identity {
  /** Without it every token is refused. */
  readonly tokens: TokenTrust | undefined;
  /** The domain whose subdomains are organizations; without it no subdomain means anything. */
  readonly baseDomain: string | undefined;
}

const hostName = /^([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]{2,63}$/;

/**
 * The identity the context describes: `jwtIssuer` with `jwtAudience` and perhaps `jwtJwksUri`, and `baseDomain`.
 * @throws ConfigurationError when the description of an issuer is incomplete, or a value cannot be what it should
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
    throw new ConfigurationError('jwtAudience and jwtJwksUri are of an issuer: pass -c jwtIssuer=… too');
  }
  if (audience === undefined) {
    throw new ConfigurationError(
      'Tokens of an issuer are for many clients. Pass:\n  -c jwtAudience=…  (the client id that your users log in with)',
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

/** An empty value is as good as none: `-c jwtIssuer=` switches off what cdk.json switches on. */
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

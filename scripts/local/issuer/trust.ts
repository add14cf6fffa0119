import { randomBytes } from 'node:crypto';
import { environment } from '#platform/environment.ts';
import { withRole } from '#scripts/cli/database/connect.ts';
import { localAudience, localIssuer } from './signing-key.ts';

/** The key that passes are made with: its id and its secret in base64. */
export interface LocalPassKey {
  readonly id: string;
  readonly secret: string;
}

export function createPassKey(): LocalPassKey {
  return { id: randomBytes(8).toString('hex'), secret: randomBytes(32).toString('base64') };
}

/**
 * Makes a database and the functions accept the users of an issuer: tells the database the pass key, and answers the
 * environment that the functions need. The URL is that of a user who may take stockade_admin.
 */
export async function trustIssuer(
  adminUrl: string,
  issuer: { readonly jwksUri: string },
  passKey: LocalPassKey,
): Promise<NodeJS.ProcessEnv> {
  await withRole(adminUrl, 'stockade_admin', (admin) =>
    admin.query('select tenancy.set_pass_key($1, $2)', [passKey.id, Buffer.from(passKey.secret, 'base64')]),
  );
  return {
    [environment.jwtIssuer]: localIssuer,
    [environment.jwtAudience]: localAudience,
    [environment.jwtJwksUri]: issuer.jwksUri,
    [environment.passKeyId]: passKey.id,
    [environment.passKey]: passKey.secret,
  };
}

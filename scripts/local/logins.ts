import { createHash, createHmac, pbkdf2Sync, timingSafeEqual } from 'node:crypto';
import { Client, escapeIdentifier, escapeLiteral } from 'pg';

/** The roles that log in. On RDS they authenticate with IAM; a local cluster gives them passwords. */
export type LoginRole = 'stockade_api' | 'stockade_jobs' | 'stockade_admin';

const loginRoles: readonly LoginRole[] = ['stockade_api', 'stockade_jobs', 'stockade_admin'];

/** The connection URL of a role, in the database that the administrator's URL names. */
export function loginUrl(adminUrl: string, role: LoginRole): string {
  const url = new URL(adminUrl);
  url.username = role;
  url.password = passwordOf(adminUrl, role);
  return url.href;
}

/**
 * Gives every login role its password, unless it has it. Any role may change its own, and then nobody logs in as it.
 * Returns the roles that had another one, or none yet.
 */
export async function setLogins(adminUrl: string): Promise<LoginRole[]> {
  const admin = new Client(adminUrl);
  await admin.connect();
  try {
    const verifiers = await readVerifiers(admin);
    const changed = loginRoles.filter(
      (role) => !isVerifierOf(verifiers.get(role) ?? '', passwordOf(adminUrl, role)),
    );
    for (const role of changed) {
      await admin.query(
        `alter role ${escapeIdentifier(role)} password ${escapeLiteral(passwordOf(adminUrl, role))}`,
      );
    }
    return changed;
  } finally {
    await admin.end();
  }
}

/** What the server stores of the roles' passwords. Nothing where only the administrators of the service may read it. */
async function readVerifiers(admin: Client): Promise<ReadonlyMap<string, string>> {
  const { rows: allowed } = await admin.query<{ mayRead: boolean }>(
    `select has_table_privilege('pg_authid', 'select') as "mayRead"`,
  );
  if (!allowed[0]?.mayRead) return new Map();
  const { rows } = await admin.query<{ role: string; verifier: string | null }>(
    'select rolname as role, rolpassword as verifier from pg_authid where rolname = any ($1)',
    [loginRoles],
  );
  return new Map(rows.map(({ role, verifier }) => [role, verifier ?? '']));
}

/**
 * Whether a SCRAM verifier, as Postgres stores it, is that of a password of ASCII characters.
 * @see https://www.rfc-editor.org/rfc/rfc5802#section-3
 */
function isVerifierOf(verifier: string, password: string): boolean {
  const [, iterations, salt, storedKey] = /^SCRAM-SHA-256\$(\d+):([^$]+)\$([^:]+):/.exec(verifier) ?? [];
  if (!iterations || !salt || !storedKey) return false;
  const salted = pbkdf2Sync(password, Buffer.from(salt, 'base64'), Number(iterations), 32, 'sha256');
  const clientKey = createHmac('sha256', salted).update('Client Key').digest();
  const expected = createHash('sha256').update(clientKey).digest();
  const stored = Buffer.from(storedKey, 'base64');
  return stored.length === expected.length && timingSafeEqual(stored, expected);
}

/** Derived from the administrator's password, so that anyone who knows it needs no other password. */
function passwordOf(adminUrl: string, role: LoginRole): string {
  const { username, password } = new URL(adminUrl);
  return createHmac('sha256', `${username}:${password}`).update(role).digest('hex');
}

import { createHmac } from 'node:crypto';
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

/** Gives every login role its password. Doing it again, or for another database of the cluster, changes nothing. */
export async function setLogins(adminUrl: string): Promise<void> {
  const admin = new Client(adminUrl);
  await admin.connect();
  try {
    for (const role of loginRoles) {
      await admin.query(
        `alter role ${escapeIdentifier(role)} password ${escapeLiteral(passwordOf(adminUrl, role))}`,
      );
    }
  } finally {
    await admin.end();
  }
}

/** Derived from the administrator's password, so that anyone who knows it needs no other password. */
function passwordOf(adminUrl: string, role: LoginRole): string {
  const { username, password } = new URL(adminUrl);
  return createHmac('sha256', `${username}:${password}`).update(role).digest('hex');
}

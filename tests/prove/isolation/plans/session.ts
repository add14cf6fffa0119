import { Client } from 'pg';
import { loginUrl } from '#scripts/local/logins.ts';
import { parseApiKey } from '#tenancy/credentials/api-keys.ts';
import { keyEnvironment } from '../api.ts';
import type { Victim } from '../victim.ts';

/** The login roles that see rows of an organization. */
export const roles = ['stockade_api', 'stockade_jobs'] as const;

export type Role = (typeof roles)[number];

/** A transaction of a login role that has entered an organization. */
export class Session implements AsyncDisposable {
  private readonly client: Client;

  private constructor(client: Client) {
    this.client = client;
  }

  /** `adminUrl` is the URL of the database for the superuser. */
  static async open(adminUrl: string, { id, apiKey }: Victim, role: Role): Promise<Session> {
    const client = new Client(loginUrl(adminUrl, role));
    await client.connect();
    await client.query('begin');
    if (role === 'stockade_jobs') await client.query('select tenancy.enter_as_job($1)', [id]);
    else {
      const key = parseApiKey(apiKey, keyEnvironment);
      const call = `call tenancy.enter_with_key($1, $2, 'read', '{}')`;
      await client.query(call, [key?.keyId, key?.secretDigest]);
    }
    return new Session(client);
  }

  /** The rows in their order, or the error. */
  async ask(statement: string): Promise<string> {
    await this.client.query('savepoint asked');
    try {
      const { rows } = await this.client.query({ text: statement, rowMode: 'array' });
      return JSON.stringify(rows);
    } catch (error) {
      return error instanceof Error ? error.message : String(error);
    } finally {
      await this.client.query('rollback to savepoint asked');
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.client.end();
  }
}

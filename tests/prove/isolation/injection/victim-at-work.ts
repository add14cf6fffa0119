import { Client } from 'pg';
import { loginUrl } from '#scripts/local/logins.ts';
import { parseApiKey } from '#tenancy/credentials/api-keys.ts';
import { keyEnvironment } from '../api.ts';

/** A session of the target with an open transaction, as the API has one. */
export class VictimAtWork {
  private client: Client | undefined;
  private readonly adminUrl: string;
  private readonly apiKey: string;
  private readonly parameter: string;

  private constructor(adminUrl: string, apiKey: string, parameter: string) {
    this.parameter = parameter;
    this.adminUrl = adminUrl;
    this.apiKey = apiKey;
  }

  /** Begins the transaction. `parameter` is in each of its statements. */
  static async start(adminUrl: string, apiKey: string, parameter: string): Promise<VictimAtWork> {
    const atWork = new VictimAtWork(adminUrl, apiKey, parameter);
    await atWork.begin();
    return atWork;
  }

  async context(): Promise<string> {
    const answer = await this.client?.query(`select current_setting('stockade.context') as context`);
    return answer?.rows[0].context;
  }

  /** Whether the session is alive. When it is not, a new one begins. */
  async isAlive(): Promise<boolean> {
    try {
      await this.client?.query('select $1::text, count(*) from inventory.list_items(1, null, null)', [
        this.parameter,
      ]);
      return true;
    } catch {
      await this.end();
      await this.begin();
      return false;
    }
  }

  async end(): Promise<void> {
    await this.client?.end().catch(() => {});
  }

  private async begin(): Promise<void> {
    const key = parseApiKey(this.apiKey, keyEnvironment);
    const client = new Client({ connectionString: loginUrl(this.adminUrl, 'stockade_api') });
    client.on('error', () => {});
    await client.connect();
    await client.query('set idle_in_transaction_session_timeout = 0; begin');
    await client.query('call tenancy.enter_with_key($1, $2, $3, $4)', [
      key?.keyId,
      key?.secretDigest,
      'read',
      [],
    ]);
    this.client = client;
  }
}

import { setTimeout as delay } from 'node:timers/promises';
import type { Client } from 'pg';
import { type Caller, caller } from '../../../caller.ts';
import { keyEnvironment } from '../api.ts';
import { type Holdings, plantOrganization } from '../victim.ts';
import { serveApiInThread } from '../worlds/api-thread.ts';

/** What an organization that is not attacked meets while another one is. */
export interface BystanderFigures {
  readonly requests: number;
  readonly p99Ms: number;
  readonly slowestMs: number;
}

const sku = 'BYSTANDER-1';
const location = 'BYSTANDER';

const holdings: Holdings = {
  slug: 'bystander',
  skus: [sku],
  locations: [location],
  lot: 'by',
  references: ['by'],
  idempotencyKeys: ['by'],
  text: 'bystander',
  keyId: 'bystander000',
  quantity: 1,
  entries: 1,
};

/** After this time somebody looks what a request waits for. */
const patienceMs = 400;

/** Sessions that wait for a lock, other than those that ask for one by name. */
const waiting = `
  select left(query, 100) as query
  from pg_stat_activity
  where datname = current_database() and wait_event_type = 'Lock' and query !~ 'lock table'`;

/** An organization that goes on reading and posting while another one is attacked, through an API and connections of its own. */
export class Bystander {
  private readonly tookMs: number[] = [];
  private readonly superuser: Client;
  private readonly organization: Caller;
  private readonly close: () => Promise<void>;

  private constructor(superuser: Client, organization: Caller, close: () => Promise<void>) {
    this.superuser = superuser;
    this.organization = organization;
    this.close = close;
  }

  /** Creates the organization, and serves the API for it. `adminUrl` is the superuser's URL of its database. */
  static async start(superuser: Client, adminUrl: string): Promise<Bystander> {
    const planted = await plantOrganization(superuser, holdings, keyEnvironment);
    const api = await serveApiInThread(adminUrl, {});
    const bystander = new Bystander(superuser, caller(api.url, planted), () => api.close());
    // The first ones load the code.
    await bystander.workUntil(() => bystander.tookMs.length >= requests.length);
    bystander.tookMs.length = 0;
    return bystander;
  }

  /** Works during an attack. Returns what went wrong for it. */
  async during(attack: () => Promise<void>): Promise<string[]> {
    let isOver = false;
    const work = this.workUntil(() => isOver);
    try {
      await attack();
    } finally {
      isOver = true;
    }
    return await work;
  }

  figures(): BystanderFigures {
    const sorted = this.tookMs.toSorted((a, b) => a - b);
    const at = (part: number) => Math.round(sorted[Math.ceil(part * sorted.length) - 1] ?? 0);
    return { requests: sorted.length, p99Ms: at(0.99), slowestMs: at(1) };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  private async workUntil(isOver: () => boolean): Promise<string[]> {
    const faults = new Set<string>();
    do {
      const [method, path, body] = requests[this.tookMs.length % requests.length] ?? requests[0];
      const startedMs = performance.now();
      const answer = this.organization.request(method, path, body);
      const isSlow = (await Promise.race([answer, delay(patienceMs, 'slow', { ref: false })])) === 'slow';
      const { rowCount } = isSlow ? await this.superuser.query(waiting) : { rowCount: 0 };
      const { status } = await answer;
      this.tookMs.push(performance.now() - startedMs);
      if (status >= 300) faults.add(`${method} ${path} of a bystander was answered with ${status}`);
      if (rowCount) faults.add(`${method} ${path} of a bystander waited for a lock`);
    } while (!isOver());
    return [...faults];
  }
}

type AskedFor = readonly [method: string, path: string, body?: object];

const requests: readonly [AskedFor, ...AskedFor[]] = [
  ['GET', `/v1/items/${sku}`],
  ['GET', '/v1/organization'],
  ['POST', '/v1/movements', { kind: 'receipt', lines: [{ sku, location, lot: 'by', quantity: 1 }] }],
];

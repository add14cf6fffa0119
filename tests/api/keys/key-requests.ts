import type { Client } from 'pg';
import { beforeAll, expect } from 'vitest';
import { type Answer, type Caller, openWorld, type World } from '#tests/world.ts';

/** A key as it is answered when it is made. */
export interface MadeKey {
  readonly id: string;
  readonly key: string;
}

/** A world with two organizations, and requests with any key. What is in it is there once tests run. */
export interface KeyWorld extends World {
  readonly acme: Caller;
  readonly globex: Caller;
  /** One connection as the superuser, for the whole file. */
  readonly root: Client;
  /** Creates a key, by default with the scope `read`. */
  createKey(body?: object, organization?: Caller): Promise<MadeKey>;
  /** A request of acme's with a key; lists items unless said otherwise. */
  ask(
    key: string | null,
    method?: string,
    path?: string,
    body?: unknown,
    headers?: Record<string, string>,
  ): Promise<Answer>;
  /** A key of acme's as the list shows it. */
  listed(id: string): Promise<Record<'expiresAt' | 'revokedAt' | 'lastUsedAt' | 'replacedBy', string>>;
}

/** Gives the tests of a file about keys their world. Call it at the top of the file and use what it returns inside tests. */
export function openKeyWorld(): KeyWorld {
  const world = openWorld();
  const there = {} as { acme: Caller; globex: Caller; root: Client };

  beforeAll(async () => {
    there.acme = await world.createOrganization();
    there.globex = await world.createOrganization();
    there.root = await world.superuser();
    await there.acme.item('BOLT');
    await there.acme.location('MAIN');
  });

  const own = {
    get acme() {
      return there.acme;
    },
    get globex() {
      return there.globex;
    },
    get root() {
      return there.root;
    },
    async createKey(body: object = {}, organization = there.acme) {
      const request = { name: 'Till', scopes: ['read'], ...body };
      const answer = await organization.request('POST', '/v1/api-keys', request);
      expect([answer.status, answer.body.code]).toEqual([201, undefined]);
      return answer.body;
    },
    ask: (key: string | null, method = 'GET', path = '/v1/items', body?: unknown, headers = {}) =>
      there.acme.request(method, path, body, { 'x-api-key': key ?? '', ...headers }),
    async listed(id: string) {
      const { body } = await there.acme.request('GET', '/v1/api-keys?limit=200');
      return body.data.find((each: MadeKey) => each.id === id);
    },
  };
  return Object.defineProperties(own, Object.getOwnPropertyDescriptors(world)) as unknown as KeyWorld;
}

/** The id inside a key. */
export function idOf(key: string): string {
  return key.split('_')[2] ?? '';
}

/** The status of an answer, and of a refusal also its code. */
export function outcome({ status, body }: Answer): number | [number, string] {
  return status < 300 ? status : [status, body.code];
}

import { randomUUID } from 'node:crypto';
import { Client } from 'pg';
import { afterAll, beforeAll, inject } from 'vitest';
import { type LoginRole, loginUrl } from '#scripts/local/logins.ts';
import { cloneDatabase, onCluster } from '#tests/template.ts';

/** A database of the test file's own, without anything in front of it. */
export interface ImportDatabase {
  /** The superuser's URL. */
  readonly url: string;
  /** A connection as one of the real roles; closed at the end. */
  connect(role: LoginRole): Promise<Client>;
  /**
   * Works on such a connection. When that succeeds, the next work gets the same one: to connect takes longer than to import a
   * few lines.
   */
  lend<T>(role: LoginRole, work: (client: Client) => Promise<T>): Promise<T>;
  /** Runs a statement as the superuser and gives its rows. */
  // biome-ignore lint/suspicious/noExplicitAny: what the rows are, is what the tests ask
  ask(text: string, values?: readonly unknown[]): Promise<any[]>;
  superuser(): Promise<Client>;
}

/** Gives the tests of a file a migrated database. Call it at the top of the file. */
export function openDatabase(): ImportDatabase {
  const name = `imports_${randomUUID().replaceAll('-', '')}`;
  const url = new URL(inject('clusterUrl'));
  url.pathname = name;
  const clients: Client[] = [];
  const idle: { readonly role: LoginRole; readonly client: Client }[] = [];
  let asking: Client;

  async function open(target: string): Promise<Client> {
    const client = new Client(target);
    // Tests end connections the hard way.
    client.on('error', () => {});
    await client.connect();
    clients.push(client);
    return client;
  }

  async function lend<T>(role: LoginRole, work: (client: Client) => Promise<T>): Promise<T> {
    const found = idle.findIndex((each) => each.role === role);
    const [kept] = found < 0 ? [] : idle.splice(found, 1);
    const client = kept?.client ?? (await open(loginUrl(url.href, role)));
    try {
      const result = await work(client);
      idle.push({ role, client });
      return result;
    } catch (error) {
      await client.end().catch(() => {});
      throw error;
    }
  }

  beforeAll(async () => {
    await cloneDatabase(name);
    asking = await open(url.href);
  });
  afterAll(async () => {
    await Promise.all(clients.map((client) => client.end().catch(() => {})));
    await onCluster(`drop database if exists ${name} with (force)`);
  });

  return {
    url: url.href,
    connect: (role) => open(loginUrl(url.href, role)),
    lend,
    superuser: () => open(url.href),
    ask: async (text, values = []) => (await asking.query(text, [...values])).rows,
  };
}

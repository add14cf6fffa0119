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
  let asking: Client;

  async function open(target: string): Promise<Client> {
    const client = new Client(target);
    // Tests end connections the hard way.
    client.on('error', () => {});
    await client.connect();
    clients.push(client);
    return client;
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
    superuser: () => open(url.href),
    ask: async (text, values = []) => (await asking.query(text, [...values])).rows,
  };
}

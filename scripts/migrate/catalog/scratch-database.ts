import { randomUUID } from 'node:crypto';
import { Client } from 'pg';

/** A new, empty database on a running cluster. Disposing drops it (`await using`). */
export interface ScratchDatabase extends AsyncDisposable {
  readonly url: string;
  readonly name: string;
}

/**
 * Creates an empty database on the cluster of `clusterUrl`, as its user, or a copy of `template`, to which nobody is connected.
 * Disposing ends every session in the database and drops it.
 */
export async function createScratchDatabase(
  clusterUrl: string,
  template = 'template0',
): Promise<ScratchDatabase> {
  const name = `scratch_${randomUUID().replaceAll('-', '')}`;
  await run(clusterUrl, `create database ${name} template ${template}`);
  const url = new URL(clusterUrl);
  url.pathname = `/${name}`;
  return {
    name,
    url: url.href,
    [Symbol.asyncDispose]: () => run(clusterUrl, `drop database if exists ${name} with (force)`),
  };
}

async function run(url: string, statement: string): Promise<void> {
  const client = new Client({ connectionString: url });
  await client.connect();
  try {
    await client.query(statement);
  } finally {
    await client.end();
  }
}

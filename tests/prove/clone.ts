import { randomUUID } from 'node:crypto';
import { Client, escapeIdentifier, escapeLiteral, type Pool } from 'pg';

/** A new database. It is dropped when it is disposed of. */
export interface Clone extends AsyncDisposable {
  /** The URL for the superuser. */
  readonly url: string;
  /** Runs statements as the superuser. Returns the row count of the last one. */
  run(statements: string): Promise<number>;
}

/** Copies a migrated database without connections. `clusterUrl` is the URL for the superuser. */
export async function cloneDatabase(clusterUrl: string, template: string): Promise<Clone> {
  const name = `prove_${randomUUID().replaceAll('-', '')}`;
  await copyDatabase(clusterUrl, name, template);
  const url = new URL(clusterUrl);
  url.pathname = name;
  return {
    url: url.href,
    run: (statements) =>
      asSuperuser(url.href, async (client) => [await client.query(statements)].flat().at(-1)?.rowCount ?? 0),
    [Symbol.asyncDispose]: () =>
      asSuperuser(clusterUrl, (client) =>
        client.query(`drop database if exists ${escapeIdentifier(name)} with (force)`),
      ).then(() => {}),
  };
}

/** Creates a database with the contents and the privileges of another one that nobody is connected to. */
export async function copyDatabase(clusterUrl: string, name: string, template: string): Promise<void> {
  await asSuperuser(clusterUrl, (client) => copyDatabaseOn(client, name, template));
}

/** The same on a connection of the superuser. */
export async function copyDatabaseOn(
  client: Pick<Pool, 'query'>,
  name: string,
  template: string,
): Promise<void> {
  // Without fsync, the checkpoint that copied files need costs less than a write of every page to the log.
  await client.query(
    `create database ${escapeIdentifier(name)} template ${escapeIdentifier(template)} strategy file_copy`,
  );
  await client.query(grantAlike(name, template));
}

/** A copy has the objects of its template, but not the privileges of the database itself. */
function grantAlike(name: string, template: string): string {
  return `do $$
    declare
      v_granted record;
    begin
      revoke all on database ${escapeIdentifier(name)} from public;
      for v_granted in
        select p.privilege_type as privilege, coalesce(quote_ident(r.rolname), 'public') as grantee
        from pg_database d
        cross join aclexplode(coalesce(d.datacl, acldefault('d', d.datdba))) p
        left join pg_roles r on r.oid = p.grantee
        where d.datname = ${escapeLiteral(template)}
      loop
        execute format('grant %s on database %I to %s', v_granted.privilege, ${escapeLiteral(name)}, v_granted.grantee);
      end loop;
    end $$`;
}

/** Runs work on a new connection as the superuser. */
export async function asSuperuser<T>(url: string, work: (client: Client) => Promise<T>): Promise<T> {
  const client = new Client(url);
  client.on('error', () => {});
  await client.connect();
  try {
    return await work(client);
  } finally {
    await client.end();
  }
}

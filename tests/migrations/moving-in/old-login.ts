import { randomUUID } from 'node:crypto';
import { Client } from 'pg';
import { OldProgram } from '#tests/prove/migration/old-program.ts';
import { onCluster } from '#tests/template.ts';

/** Its login in one database. */
export interface OldLogin extends AsyncDisposable {
  readonly role: string;
  connect(): Promise<OldProgram>;
}

/**
 * Gives a plain single-tenant program a login of its own in a database with the baseline: it may read and write the four
 * tables, and whatever everybody may in a database that nothing was taken from. Disposing closes its connections and drops the
 * login, after its database.
 */
export async function createOldLogin(adminUrl: string): Promise<OldLogin> {
  const role = `shop_${randomUUID().replaceAll('-', '')}`;
  const database = new URL(adminUrl).pathname.slice(1);
  await onCluster(`create role ${role} login password 'shop'`);
  const admin = new Client(adminUrl);
  await admin.connect();
  await admin.query(
    `grant usage on schema inventory to ${role};
     grant select, insert, update, delete on all tables in schema inventory to ${role};
     grant temporary on database ${database} to public;
     grant execute on function pg_catalog.set_config(text, text, boolean) to public;
     grant execute on function pg_catalog.pg_advisory_xact_lock(bigint) to public`,
  );
  await admin.end();
  const programs: OldProgram[] = [];
  return {
    role,
    async connect() {
      const url = new URL(adminUrl);
      Object.assign(url, { username: role, password: 'shop' });
      const client = new Client({ connectionString: url.href, application_name: 'old-program' });
      client.on('error', () => {});
      await client.connect();
      const program = new OldProgram(client);
      programs.push(program);
      return program;
    },
    async [Symbol.asyncDispose]() {
      await Promise.all(programs.map((program) => program.end()));
      await onCluster(`drop role ${role}`);
    },
  };
}

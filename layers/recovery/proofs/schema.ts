import type { Client } from 'pg';
import { staying } from '#schema/book/book.ts';
import { IncompleteDump } from '#schema/catalog/catalog.ts';
import { dumpCatalog } from '#schema/catalog/dump.ts';
import { lineDiff } from '#schema/catalog/line-diff.ts';
import { MigrationError } from '#schema/migration-error.ts';
import { pendingMigrations, readFunctionJournal, readJournal } from '#schema/migrations/journal.ts';
import type { ProofBook } from './book.ts';
import type { Findings, ProofContext } from './proof.ts';

/**
 * Proves that the journal contains exactly the migrations and the function files of this release, and that the catalogue
 * (tables, functions, triggers, policies, grants, roles) equals the schema that they create, to the letter.
 */
export async function proveSchema({ connect, book }: ProofContext, findings: Findings): Promise<void> {
  const client = await connect();
  const journal = await readJournal(client);
  findings.add('migrations', journal.length);
  try {
    const pending = pendingMigrations(journal, book.migrations);
    if (pending.length > 0) {
      findings.fault(
        `migrations applied: ${journal.length} of ${book.migrations.length}; ${pending[0]?.name} is missing`,
      );
    }
  } catch (error) {
    if (!(error instanceof MigrationError)) throw error;
    findings.fault(error.message);
  }
  for (const fault of await functionFaults(client, book)) findings.fault(fault);
  const differences = await compareCatalogue(client, await schemaForServer(client, book));
  findings.add('lines', book.schema.split('\n').length);
  for (const line of differences) findings.fault(line);
}

/** The function files that the copy has otherwise than this release. */
async function functionFaults(client: Client, { functions }: ProofBook): Promise<string[]> {
  const applied = new Map((await readFunctionJournal(client)).map(({ name, sha256 }) => [name, sha256]));
  const faults = staying(functions)
    .filter(({ name, sha256 }) => applied.get(name) !== sha256)
    .map(({ name }) =>
      applied.has(name)
        ? `the function file ${name} is another one than that of this release`
        : `the function file ${name} was not run`,
    );
  const known = new Set(functions.map(({ name }) => name));
  const unknown = [...applied.keys()].filter((name) => !known.has(name));
  return [...faults, ...unknown.map((name) => `the function file ${name} is unknown to this release`)];
}

/** The schema as the server's version of Postgres has it: before 18, ids come from the SQL of the book and not from uuidv7(). */
async function schemaForServer(client: Client, { schema, functions }: ProofBook): Promise<string> {
  const { rows } = await client.query<{ version: number }>(
    `select current_setting('server_version_num')::integer as version`,
  );
  if ((rows[0]?.version ?? 0) >= 180_000) return schema;
  const forms = functions.find(({ name }) => name === 'inventory/forms')?.content;
  const idInSql = /\$id\$[\s\S]*?\$id\$/.exec(forms ?? '')?.[0].replaceAll('$id$', '$function$');
  if (idInSql === undefined) return schema;
  return schema.replace('$function$select pg_catalog.uuidv7()$function$', () => idInSql);
}

async function compareCatalogue(client: Client, golden: string): Promise<string[]> {
  let dump: string;
  try {
    dump = await dumpCatalog(client);
  } catch (error) {
    if (error instanceof IncompleteDump) return [error.message];
    throw error;
  }
  const { rows } = await client.query<{ master: string }>('select session_user as master');
  return lineDiff(golden, withoutMaster(dump, rows[0]?.master ?? ''))
    .split('\n')
    .flatMap((line) => {
      const [, sign, statement] = /^([-+]) (.*\S.*)$/.exec(line) ?? [];
      return statement ? [`${sign === '-' ? 'missing' : 'added'}: ${statement}`] : [];
    });
}

/** Leaves out the master role of a managed service and the login roles that the service grants. */
function withoutMaster(dump: string, master: string): string {
  const isManaged = new RegExp(
    `^-- (create role (${master}|rds\\w*) |alter role (${master}|rds\\w*) |grant \\w+ to (${master}|rds\\w*) with |grant rds_iam to )`,
  );
  return dump
    .split('\n')
    .filter((line) => !isManaged.test(line))
    .join('\n');
}

import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { readFunctionFiles } from '../book/function-files.ts';
import { readMigrations } from '../book/migration-files.ts';
import { splitStatements } from '../script/sql-statements.ts';

/** What Stockade has of tenancy and an adopted database needs as well. */
export interface TenancyBook {
  readonly roles: string;
  readonly migrations: readonly TenancyFile[];
  /** By `schema/family`. */
  readonly functions: readonly TenancyFile[];
  /** What the function files define, as `schema.name`. */
  readonly routines: readonly string[];
}

export interface TenancyFile {
  readonly name: string;
  /** Function files by name, and migrations of the book by the words of theirs. */
  readonly needs: readonly string[];
  readonly content: string;
}

/** The migrations of tenancy, by the words of their names. */
const topics = ['context', 'organizations', 'credentials', 'security_events'];

const families = [
  'inventory/forms',
  'tenancy/context',
  'tenancy/context_keys',
  'tenancy/emails',
  'tenancy/pass_keys',
  'tenancy/entering',
  'tenancy/organizations',
  'tenancy/api_keys',
  'tenancy/security_events',
];

/** The users are the ledger's at first, and move at the switch; an adopted database has them with the organizations. */
const usersMoveWith = 'switch';

/**
 * Takes the tenancy schema out of Stockade's own files, statement by statement, so that it is the one of this release:
 * without the roles and forms of the ledger, and with the application's logins instead of stockade_api.
 * @param directory Stockade's folder `sql`
 * @param logins as SQL writes them
 */
export async function readTenancyBook(directory: string, logins: readonly string[]): Promise<TenancyBook> {
  const migrations = await readMigrations(join(directory, 'migrations'));
  const functions = await readFunctionFiles(join(directory, 'functions'));
  const roles = await readFile(join(directory, 'roles.sql'), 'utf8');
  const settled = (content: string, isKept: (statement: string) => boolean) =>
    chunksOf(content)
      .filter(({ statement }) => isKept(statement))
      .flatMap(({ lead, statement }) => {
        const text = withLogins(statement.replaceAll('inventory.users', 'tenancy.users'), logins);
        return text === undefined ? [] : [`${lead}${text};\n`];
      })
      .join('');
  const needsOf = (topic: string) =>
    migrations.find(({ name }) => name.slice(7) === topic)?.needs.flatMap(needOf) ?? [];
  const contentOf = (topic: string) => migrations.find(({ name }) => name.slice(7) === topic)?.content ?? '';
  const taken = functions.filter(({ name }) => families.includes(name));
  const everything = migrations.map(({ content }) => content).join('\n');
  return {
    roles: settled(roles, isRoleOfTenancy).replaceAll("'stockade_api', ", ''),
    migrations: topics.map((topic) => ({
      name: topic,
      needs: [...new Set([...needsOf(topic), ...(topic === 'organizations' ? needsOf(usersMoveWith) : [])])],
      content: [
        ...(topic === 'context' ? ['create schema if not exists inventory;\n\n'] : []),
        ...(topic === 'organizations'
          ? [settled(everything, (each) => /^create table inventory\.users\b/.test(each)), '\n']
          : []),
        settled(withoutLedgerRole(contentOf(topic)), () => true),
        ...(topic === 'organizations'
          ? [
              settled(contentOf(usersMoveWith), (each) =>
                /^((comment on table|grant [\w,() ]+ on) tenancy|alter table inventory)\.users\s+(?!set schema)/.test(
                  each,
                ),
              ),
            ]
          : []),
      ].join(''),
    })),
    routines: taken.flatMap(({ routines }) => routines),
    functions: taken.map(({ name, content, needs }) => ({
      name,
      needs: needs.flatMap(needOf),
      content: settled(
        content,
        (each) => name !== 'inventory/forms' || /inventory\.(new_id|iso|is_instant)\b/.test(each),
      ),
    })),
  };
}

function needOf(need: string): string[] {
  if (need.includes('/')) return families.includes(need) ? [need] : [];
  const topic = need.slice(7);
  if (topic === usersMoveWith) return ['organizations'];
  return topics.includes(topic) ? [topic] : [];
}

/** The roles and their settings, but nothing that takes something away from the application. */
function isRoleOfTenancy(statement: string): boolean {
  return !/stockade_ledger|pg_catalog|\brevoke\b|^alter role stockade_api\b/.test(statement);
}

/** What is done as the ledger's role, from where it is taken to where the owner's is taken again. */
function withoutLedgerRole(content: string): string {
  return content.replaceAll(
    /^set local role stockade_ledger;[\s\S]*?^set local role stockade_owner;\n/gm,
    '',
  );
}

/**
 * A grant or a policy without the ledger's role, and to the logins in place of stockade_api; undefined when nobody is left.
 */
function withLogins(statement: string, logins: readonly string[]): string | undefined {
  if (statement.startsWith('create policy'))
    return statement.replace(/\bto stockade_api\b/, `to ${logins.join(', ')}`);
  const [, grant, to] = /^(grant [\s\S]* to )([a-z_, ]+)$/.exec(statement) ?? [];
  if (!grant || !to) return statement;
  const roles = to
    .split(', ')
    .filter((role) => role !== 'stockade_ledger')
    .flatMap((role) => (role === 'stockade_api' ? logins : [role]));
  return roles.length > 0 ? grant + roles.join(', ') : undefined;
}

interface Chunk {
  /** The comments and blank lines before a statement. */
  readonly lead: string;
  readonly statement: string;
}

/** A file as its statements, each with what stands before it; without the directives, which are written again. */
function chunksOf(content: string): Chunk[] {
  const bare = content.replaceAll(/^--!.*\n/gm, '');
  let end = 0;
  return splitStatements(bare).map(({ text, start }) => {
    const lead = bare.slice(end, start).replace(/^;\n?/, '');
    end = start + text.length;
    return { lead, statement: text };
  });
}

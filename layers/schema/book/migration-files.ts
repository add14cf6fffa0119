import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { MigrationError } from '../migration-error.ts';
import { type Directives, readDirectives } from './directives.ts';

/** One file of the migrations directory. `name` is the file name without `.sql`. */
export interface Migration extends Directives {
  readonly number: number;
  readonly name: string;
  readonly file: string;
  readonly content: string;
  /** SHA-256 of the content, in hex. */
  readonly sha256: string;
  /** SHA-256 over the previous file's chain and this file's digest: vouches for every file up to here. */
  readonly chain: string;
}

const FILE_NAME = /^(\d{6})_[a-z0-9]+(?:_[a-z0-9]+)*\.sql$/;

/**
 * Reads a migrations directory: files `000001_name.sql`, numbered from 1 without gaps, in order.
 * @throws MigrationError for a name of another form, a duplicate number or a gap, naming the file
 */
export async function readMigrations(directory: string): Promise<Migration[]> {
  const names = (await listDirectory(directory)).filter((name) => !name.startsWith('.')).sort();
  checkNames(names, directory);
  const migrations: Migration[] = [];
  let chain = '';
  for (const [index, file] of names.entries()) {
    const { content, sha256 } = await readSqlFile(join(directory, file));
    chain = chainDigest(chain, sha256);
    migrations.push({
      number: index + 1,
      name: file.slice(0, -4),
      file,
      content,
      sha256,
      chain,
      ...readDirectives(file, content),
    });
  }
  return migrations;
}

/** A file of SQL and the SHA-256 of it, in hex. Line endings belong to the checkout: CRLF and LF have one digest. */
export async function readSqlFile(path: string): Promise<{ content: string; sha256: string }> {
  const content = (await readFile(path, 'utf8')).replaceAll('\r\n', '\n');
  return { content, sha256: createHash('sha256').update(content).digest('hex') };
}

/** The next link of the chain: SHA-256 over the bytes of the previous link (none for the first) and of a digest. */
export function chainDigest(previous: string, sha256: string): string {
  return createHash('sha256')
    .update(Buffer.from(previous + sha256, 'hex'))
    .digest('hex');
}

async function listDirectory(directory: string): Promise<string[]> {
  try {
    return await readdir(directory);
  } catch (cause) {
    throw new MigrationError(
      `the migrations directory ${directory} cannot be read: ${(cause as Error).message}`,
      'Pass the directory that holds 000001_….sql.',
      { cause },
    );
  }
}

function checkNames(names: readonly string[], directory: string): void {
  const misnamed = names.find((name) => !FILE_NAME.test(name));
  if (misnamed) {
    throw new MigrationError(
      `${join(directory, misnamed)} is not named like a migration`,
      'Name it NNNNNN_name.sql (six digits, then lower case words joined by _), or move it elsewhere.',
    );
  }
  for (const [index, name] of names.entries()) {
    const number = Number(name.slice(0, 6));
    if (number === index + 1) continue;
    const before = names[index - 1];
    if (before && Number(before.slice(0, 6)) === number) {
      throw new MigrationError(
        `two migrations have the number ${name.slice(0, 6)}: ${before} and ${name}`,
        'Renumber the one that has not been applied anywhere.',
      );
    }
    const expected = String(index + 1).padStart(6, '0');
    throw new MigrationError(
      `migration ${expected} is missing: ${name} follows ${before ?? 'the start'}`,
      'Numbers start at 000001 and have no gaps: restore the missing file, or renumber one not yet applied.',
    );
  }
}

import { execFile } from 'node:child_process';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { MigrationError } from '#schema/migration-error.ts';
import type { Runner } from '#schema/validator/review.ts';

/** What squawk says of a statement. */
export interface SquawkFinding {
  readonly file: string;
  readonly line: number;
  readonly rule: string;
  readonly detail: string;
}

interface SquawkReport {
  readonly file: string;
  readonly line: number;
  readonly message: string;
  readonly rule_name: string;
}

/**
 * Asks squawk about files, for a second opinion. Our runner sets the timeouts and the transaction, so that squawk need not ask
 * for them there.
 * @throws MigrationError when its program is not installed
 */
export async function squawk(
  files: readonly string[],
  { runner, isInTransaction }: { readonly runner: Runner; readonly isInTransaction: boolean },
): Promise<SquawkFinding[]> {
  if (files.length === 0) return [];
  const excluded =
    runner === 'stockade' ? ['require-lock-timeout', 'require-statement-timeout', 'prefer-robust-stmts'] : [];
  const options = [
    '--reporter=json',
    '--pg-version=18',
    ...(isInTransaction ? ['--assume-in-transaction'] : ['--no-assume-in-transaction']),
    ...(excluded.length > 0 ? [`--exclude=${excluded.join(',')}`] : []),
  ];
  const output = await run(programFile(), [...options, ...files]);
  return (JSON.parse(output || '[]') as SquawkReport[]).map(({ file, line, message, rule_name }) => ({
    file,
    line: line + 1,
    rule: rule_name,
    detail: message,
  }));
}

/** The program comes in a package of its own for each system. */
function programFile(): string {
  const { resolve } = createRequire(import.meta.url);
  try {
    const main = resolve('squawk-cli/package.json');
    const own = createRequire(main).resolve(`@squawk-cli/${process.platform}-${process.arch}/package.json`);
    return join(dirname(own), 'bin', process.platform === 'win32' ? 'squawk.exe' : 'squawk');
  } catch (cause) {
    throw new MigrationError(
      `squawk is not installed for ${process.platform}-${process.arch}`,
      'Run without --squawk, or install the package squawk-cli for this system.',
      { cause },
    );
  }
}

/** Its exit code says whether it found something: both are an answer. */
function run(program: string, args: readonly string[]): Promise<string> {
  return new Promise((resolve, reject) => {
    // The report about a folder of migrations is longer than the default allows.
    execFile(program, args, { maxBuffer: Number.POSITIVE_INFINITY }, (error, stdout, stderr) => {
      if (error && !stdout.startsWith('[')) reject(new Error(`squawk failed: ${stderr || error.message}`));
      else resolve(stdout);
    });
  });
}

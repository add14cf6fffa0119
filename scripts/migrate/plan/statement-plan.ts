import type { Client } from 'pg';
import type { Step } from '#schema/book/book.ts';
import type { Way } from '#schema/book/directives.ts';
import type { TableEffect, Work } from '#schema/validator/effects/effects.ts';
import type { LockMode } from '#schema/validator/effects/lock-modes.ts';
import { validateFile } from '#schema/validator/validate.ts';
import { type DatabaseShape, readDatabaseShape, type TableSize } from './catalog-schema.ts';

/** How fast a database of an ordinary server reads a table, and writes one or builds an index, in bytes a second: stated, not measured. */
export const rates = { read: 200e6, write: 40e6 } as const;

/** What a statement will do to one table of this very database. */
export interface PlannedEffect {
  readonly table: string;
  readonly lock: LockMode;
  readonly work: Work;
  readonly because: string;
  /** Undefined for a table that is not there yet. */
  readonly size: TableSize | undefined;
  /** From the size and the rate; undefined when it depends on a plan. */
  readonly expectedMs: number | undefined;
}

/** One statement of the plan. */
export interface PlannedStatement {
  readonly line: number;
  readonly statement: string;
  readonly effects: readonly PlannedEffect[];
  /** Why its effects are known only when it runs. */
  readonly opaque: string | undefined;
}

/** One file of the plan. */
export interface PlannedFile {
  readonly name: string;
  readonly way: Way;
  readonly isContract: boolean;
  readonly statements: readonly PlannedStatement[];
}

/** What each statement of the migrations of a plan will do to the tables of a database, statement after statement. */
export async function planStatements(steps: readonly Step[], client: Client): Promise<PlannedFile[]> {
  const shape = await readDatabaseShape(client);
  const files: PlannedFile[] = [];
  for (const step of steps) {
    if (step.kind !== 'migration') continue;
    const { file, content, name, way, isContract } = step.file;
    const { reviews } = await validateFile({ file, content }, 'stockade', shape.schema);
    const statements = reviews.map(({ statement, effects, unreadable, isNew }) => ({
      line: statement.line,
      statement: shortened(statement.text),
      effects: effects.tables.filter(({ table }) => !isNew(table)).map((effect) => planned(effect, shape)),
      opaque: effects.opaque ?? unreadable[0],
    }));
    files.push({ name, way, isContract, statements });
  }
  return files;
}

function planned({ table, lock, work, because }: TableEffect, { sizes }: DatabaseShape): PlannedEffect {
  const size = sizes.get(table);
  return { table, lock, work, because, size, expectedMs: expectedMs(work, because, size) };
}

/** Work over a table takes what its size takes; a change of the catalogue alone takes a moment. */
function expectedMs(work: Work, because: string, size: TableSize | undefined): number | undefined {
  if (work === 'none') return 5;
  if (work === 'reads') return undefined;
  const rate = work === 'rewrite' || /\bindex\b/.test(because) ? rates.write : rates.read;
  return 5 + Math.round(((size?.bytes ?? 0) / rate) * 1_000);
}

function shortened(text: string): string {
  const line = text.replaceAll(/\s+/g, ' ');
  return line.length > 90 ? `${line.slice(0, 89)}…` : line;
}

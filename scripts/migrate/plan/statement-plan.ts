import type { Client } from 'pg';
import type { Step } from '#schema/book/book.ts';
import type { Way } from '#schema/book/directives.ts';
import type { TableEffect, Work } from '#schema/validator/effects/effects.ts';
import type { LockMode } from '#schema/validator/effects/lock-modes.ts';
import { as, nameOf } from '#schema/validator/syntax/nodes.ts';
import type { SqlStatement } from '#schema/validator/syntax/statements.ts';
import { validateFile } from '#schema/validator/validate.ts';
import { readDatabaseShape, type TableSize } from './catalog-schema.ts';

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
  const sizes = new Map(shape.sizes);
  const files: PlannedFile[] = [];
  for (const step of steps) {
    if (step.kind !== 'migration') continue;
    const { file, content, name, way, isContract } = step.file;
    const { reviews } = await validateFile({ file, content }, 'stockade', shape.schema);
    const statements = reviews.map(({ statement, effects, unreadable, isNew }) => {
      const others = effects.tables
        .filter(({ table }) => !isNew(table))
        .map((effect) => planned(effect, sizes));
      followMove(sizes, statement);
      return {
        line: statement.line,
        statement: shortened(statement.text),
        effects: others,
        opaque: effects.opaque ?? unreadable[0],
      };
    });
    files.push({ name, way, isContract, statements });
  }
  return files;
}

function planned(
  { table, lock, work, because }: TableEffect,
  sizes: ReadonlyMap<string, TableSize>,
): PlannedEffect {
  const size = sizes.get(table);
  return { table, lock, work, because, size, expectedMs: expectedMs(work, because, size) };
}

/** A table that is renamed or moved stays as large as it is. */
function followMove(sizes: Map<string, TableSize>, { node }: SqlStatement): void {
  const rename = as(node, 'RenameStmt');
  const move = as(node, 'AlterObjectSchemaStmt');
  const from = nameOf(rename?.relation ?? move?.relation);
  const [schema, name] = from.split('.');
  const size = sizes.get(from);
  if (!size || !(move || rename?.renameType === 'OBJECT_TABLE')) return;
  sizes.set(move ? `${move.newschema}.${name}` : `${schema}.${rename?.newname}`, size);
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

import type { Table } from '../application.ts';
import { fileWords } from '../names.ts';

/** A migration file to be written, before it has a number. */
export interface Draft {
  /** The words of its name. */
  readonly topic: string;
  /** Its `--!` lines, without the sign. */
  readonly directives?: readonly string[];
  /** Why it is there, for the reader of the file. */
  readonly why: string;
  readonly statements: readonly string[];
}

/** The draft as a file. A name of the application may hold a line end, which would end the comment. */
export function fileOf({ directives = [], why, statements }: Draft): string {
  return [
    ...directives.map((directive) => `--! ${directive}`),
    ...why.split(/[\r\n]/).map((line) => `-- ${line}`),
    ...statements.map((statement) => `${statement};\n`),
  ].join('\n');
}

/** What a step does to a table, as words of a file name. */
export function topicOf({ schema, plainName }: Table, step: string): string {
  return fileWords(...(schema === 'public' ? [] : [schema]), plainName, step);
}

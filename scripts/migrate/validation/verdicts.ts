import { KnownSchema } from '#schema/validator/schema/known-schema.ts';
import { SyntaxFault } from '#schema/validator/syntax/statements.ts';
import { type FileVerdict, type Finding, validateFile } from '#schema/validator/validate.ts';
import type { Source } from './sources.ts';

/** What the text of each file of a source says. */
export interface SourceVerdict {
  readonly source: Source;
  /** Every file, also those that only stand before the wanted ones. */
  readonly files: readonly FileVerdict[];
  /** Of the wanted files, those that Postgres could not read. */
  readonly unreadable: readonly Finding[];
}

/** Reads the files of a source in order, each with what is known from those before it. */
export async function judgeSource(source: Source): Promise<SourceVerdict> {
  const schema = new KnownSchema();
  const files: FileVerdict[] = [];
  const unreadable: Finding[] = [];
  for (const text of source.files) {
    try {
      files.push(await validateFile(text, source.runner, schema));
    } catch (error) {
      if (!(error instanceof SyntaxFault)) throw error;
      unreadable.push({
        rule: 'syntax',
        file: text.file,
        line: error.line,
        object: 'the statement',
        detail: error.message.replace(/^\S+:\d+: /, ''),
        remedy: error.remedy ?? '',
      });
    }
  }
  return { source, files, unreadable };
}

/** The verdicts on the files that were asked for. */
export function wantedVerdicts({ source, files }: SourceVerdict): FileVerdict[] {
  return files.filter(({ file }) => source.wanted.has(file.file));
}

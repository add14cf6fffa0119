import { type FieldError, InvalidInput, wrongFields } from '#platform/errors.ts';
import { toProblem } from '#platform/postgres/sqlstate.ts';
import { Code } from '../input.ts';
import { codeFault } from './code-form.ts';

/**
 * Refuses names, by field, of a form that no code has. Call it when they name nothing: an alias may have any form.
 * @throws InvalidInput naming the character in the way
 */
export function refuseMalformed(names: Readonly<Record<string, string | undefined>>): void {
  const errors = Object.entries(names).flatMap(([field, name]) => {
    const message = name === undefined ? undefined : codeFault(name.normalize('NFC'));
    return message ? [{ field, message }] : [];
  });
  if (errors.length > 0) throw wrongFields(errors);
}

/** The error of a posting; where a line names nothing because of the form of its name, an error that says so instead. */
export function explainNames(
  error: unknown,
  lines: readonly { readonly sku: string; readonly location: string }[],
): unknown {
  const named = fieldsOf(error).flatMap(({ field }) => {
    const [, index, part] = /^lines\[(\d+)\]\.(sku|location)$/.exec(field) ?? [];
    return part === undefined ? [] : [[field, lines[Number(index)]?.[part as 'sku' | 'location']] as const];
  });
  try {
    refuseMalformed(Object.fromEntries(named));
  } catch (explained) {
    return explained;
  }
  return error;
}

/** The error of a change; where it gives a new alias of a form that no code has, an error that says so instead. */
export function explainAliases(error: unknown, aliases: readonly string[]): unknown {
  const faults = fieldsOf(error).flatMap(({ field }) => {
    const alias = aliases[Number(/^aliases\[(\d+)\]$/.exec(field)?.[1])];
    const message = Code.safeParse(alias).error?.issues[0]?.message;
    return alias === undefined || message === undefined ? [] : [{ field, message }];
  });
  return faults.length > 0 ? wrongFields(faults) : error;
}

/** The fields that an error of the database names. */
function fieldsOf(error: unknown): readonly FieldError[] {
  const problem = toProblem(error);
  return problem instanceof InvalidInput ? (problem.options.errors ?? []) : [];
}

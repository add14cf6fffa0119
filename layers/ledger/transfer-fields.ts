import { type FieldError, InvalidInput, wrongFields } from '#platform/errors.ts';
import { toProblem } from '#platform/postgres/sqlstate.ts';

/**
 * Translates a refusal of the entry that a transfer becomes into the fields of the transfer. Every line becomes two
 * movements: the first at `from`, the second at `to`, both with the item and the lot of the line.
 */
export function inFieldsOfTransfer(error: unknown): unknown {
  const problem = toProblem(error);
  if (!(problem instanceof InvalidInput)) return error;
  const errors = new Map<string, FieldError>();
  for (const { field, message } of problem.options.errors ?? []) {
    const sent = fieldOfTransfer(field);
    if (!errors.has(sent)) errors.set(sent, { field: sent, message });
  }
  const translated = [...errors.values()];
  // Both movements of a line have its fields, so there may be fewer of them than before.
  if (problem.status === 400) return wrongFields(translated);
  return new InvalidInput(problem.message, translated, problem.status);
}

function fieldOfTransfer(field: string): string {
  const [, index, name] = /^lines\[(\d+)\]\.(\w+)$/.exec(field) ?? [];
  if (index === undefined) return field;
  const movement = Number(index);
  if (name === 'location') return movement % 2 === 0 ? 'from' : 'to';
  return `lines[${Math.floor(movement / 2)}].${name}`;
}

import type * as z from 'zod';
import { type FieldError, wrongFields } from '#platform/errors.ts';

/**
 * Checks a part of a request against its schema, and returns it as the schema answers it.
 * @throws InvalidInput that names every field that is wrong, as `lines[3].quantity`
 */
export function validate<Schema extends z.ZodType>(schema: Schema, value: unknown): z.infer<Schema> {
  const outcome = schema.safeParse(value, { reportInput: true });
  if (outcome.success) return outcome.data;
  throw wrongFields(outcome.error.issues.flatMap(toFieldErrors));
}

function toFieldErrors(issue: z.core.$ZodIssue): FieldError[] {
  if (issue.code === 'unrecognized_keys') {
    return issue.keys.map((key) => ({
      field: fieldName([...issue.path, key]),
      message: 'is not a field here: check its spelling or leave it out',
    }));
  }
  return [{ field: fieldName(issue.path), message: messageOf(issue) }];
}

function messageOf(issue: z.core.$ZodIssue): string {
  if (issue.code === 'invalid_type' && issue.input === undefined) return 'is missing';
  if (issue.code === 'invalid_value')
    return `must be one of ${issue.values.map((value) => JSON.stringify(value)).join(', ')}`;
  return issue.message;
}

/** The path of a field as an answer names it: `lines[3].quantity`; `body` for the whole. */
export function fieldName(path: readonly PropertyKey[]): string {
  const name = path.reduce<string>(
    (name, part) =>
      typeof part === 'number' ? `${name}[${part}]` : name ? `${name}.${String(part)}` : String(part),
    '',
  );
  return name || 'body';
}

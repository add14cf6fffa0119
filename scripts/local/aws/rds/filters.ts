import type { QueryParameters } from '../query-parameters.ts';
import { invalidParameter } from './errors.ts';

/** What each filter compares with; an identifier and an ARN of the same thing are both right. */
export type FilterFields<T> = Readonly<Record<string, (each: T) => readonly string[]>>;

/**
 * Tells whether something passes all filters of a request; each lets through any of its values.
 * @throws AwsError InvalidParameterValue for a filter that the operation does not have
 */
export function filterOf<T>(parameters: QueryParameters, fields: FilterFields<T>): (each: T) => boolean {
  const filters = parameters.list('Filters', 'Filter').map((filter) => {
    const name = filter.text('Name') ?? '';
    const field = Object.hasOwn(fields, name) ? fields[name] : undefined;
    if (!field) throw invalidParameter(`Unrecognized filter name: ${name}`);
    const values = filter.list('Values', 'Value').map((value) => (value.text() ?? '').toLowerCase());
    if (values.length === 0) throw invalidParameter(`Filter ${name} has no values.`);
    return { field, values };
  });
  return (each) =>
    filters.every(({ field, values }) => field(each).some((one) => values.includes(one.toLowerCase())));
}

import type { QueryParameters } from '../../query-parameters.ts';
import { notImplemented } from '../errors.ts';
import { readName } from './names.ts';

/**
 * The instance whose backups are asked for, by the parameter or by the filter; undefined for those of all.
 * @throws AwsError NotImplemented for any other filter
 */
export function askedInstance(parameters: QueryParameters, region: string): string | undefined {
  const [filter, ...more] = parameters.list('Filters', 'Filter');
  const [value, ...others] = filter?.list('Values', 'Value') ?? [];
  if (more.length > 0 || others.length > 0 || (filter && filter.text('Name') !== 'db-instance-id')) {
    throw notImplemented('a filter that is not one db-instance-id');
  }
  const asked = parameters.text('DBInstanceIdentifier') ?? value?.text();
  return asked === undefined ? undefined : readName(asked, 'db', region).identifier;
}

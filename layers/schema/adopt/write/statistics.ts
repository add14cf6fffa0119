import type { Application } from '../application.ts';
import { bare, literal } from '../names.ts';
import type { TenantTable } from '../tenant-tables.ts';
import { replacements } from './indexes.ts';

/** From this version on there is a function that removes the statistics of a column. */
export const clearsStatistics = 180_000;

/**
 * No statistics hold values of the table from here on: they cover the rows of every organization, and plans show them to
 * each. What was gathered before goes where the server can remove it.
 */
export function dropStatistics({ version }: Application, { table }: TenantTable): string[] {
  const columns = [...table.columns.filter(({ isVirtual }) => !isVirtual), orgId];
  const replaced = replacements(table);
  const expressions = [
    // In these org_id is the first column.
    ...replaced.map(({ index, plainName }) => ({ index, name: `${index.schema}.${plainName}`, before: 1 })),
    ...table.indexes
      .filter((index) => !replaced.some((each) => each.index === index))
      .map((index) => ({ index, name: index.name, before: 0 })),
  ].flatMap(({ index, name, before }) => index.expressions.map((n) => `${name} alter column ${n + before}`));
  return [
    `alter table ${table.name}\n  ${columns.map(({ name }) => `alter column ${name} set statistics 0`).join(',\n  ')}`,
    ...expressions.map((place) => `alter index ${place} set statistics 0`),
    ...table.statistics.map((name) => `drop statistics ${name}`),
    ...(version < clearsStatistics
      ? []
      : [
          `select pg_clear_attribute_stats(${literal(table.schema)}, ${literal(table.plainName)}, attname, false)
from unnest(array[${columns.map(({ plainName }) => literal(bare(plainName))).join(', ')}]) as attname`,
        ]),
  ];
}

const orgId = { name: 'org_id', plainName: 'org_id' };

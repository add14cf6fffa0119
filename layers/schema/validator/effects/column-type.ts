import type { AlterTableCmd } from 'libpg-query';
import type { KnownSchema } from '../schema/known-schema.ts';
import { as, typeText } from '../syntax/nodes.ts';
import type { Work } from './effects.ts';

/** What Postgres does to the rows when a column takes another type, and why. */
export function typeChangeWork(
  schema: KnownSchema,
  table: string,
  command: AlterTableCmd,
): { work: Work; because: string; isCertain: boolean } {
  const column = command.name ?? '';
  const definition = as(command.def, 'ColumnDef');
  const to = typeText(definition?.typeName);
  const from = schema.column(table, column)?.type;
  if (!from) {
    return {
      work: 'rewrite',
      because: `${column} becomes ${to} from a type that is not known here`,
      isCertain: false,
    };
  }
  if (definition?.raw_default || !isSameOnDisk(from, to)) {
    return { work: 'rewrite', because: `${column} becomes ${to} from ${from}`, isCertain: true };
  }
  if (definition?.collClause) {
    const index = [...schema.indexes.values()].find(
      (each) =>
        each.table === table && (each.columns.includes(column) || each.columns.includes('(expression)')),
    );
    if (index) return { work: 'scan', because: `its index ${index.name} is built again`, isCertain: false };
  }
  const checks = [...(schema.table(table)?.constraints.values() ?? [])].filter(
    ({ kind, columns }) => kind === 'check' && columns.includes(column),
  );
  return checks.length > 0 && from !== to
    ? { work: 'scan', because: `its check ${checks[0]?.name} is verified again`, isCertain: true }
    : { work: 'none', because: '', isCertain: true };
}

/** Whether every value of the one type is a value of the other as it is stored. */
function isSameOnDisk(from: string, to: string): boolean {
  const [one, other] = [partsOf(from), partsOf(to)];
  if (from === to) return true;
  if (isText(one.name) && isText(other.name)) return fits(one.modifiers[0], other.modifiers[0]);
  if (one.name === 'cidr' && other.name === 'inet') return true;
  if (one.name !== other.name) return false;
  if (one.name === 'numeric') {
    return (
      other.modifiers.length === 0 ||
      (one.modifiers[1] === other.modifiers[1] && fits(one.modifiers[0], other.modifiers[0]))
    );
  }
  return widening.has(one.name) && fits(one.modifiers[0], other.modifiers[0]);
}

const widening = new Set(['varbit', 'timestamp', 'timestamptz', 'time', 'timetz', 'interval']);

function isText(name: string): boolean {
  return name === 'varchar' || name === 'text';
}

/** No limit holds everything. */
function fits(from: number | undefined, to: number | undefined): boolean {
  return to === undefined || (from !== undefined && from <= to);
}

function partsOf(type: string): { name: string; modifiers: number[] } {
  const [, name = type, modifiers] = /^([^(]*)(?:\(([\d,]*)\))?$/.exec(type) ?? [];
  return { name, modifiers: modifiers ? modifiers.split(',').map(Number) : [] };
}

import type { CreateStmt, DropStmt, Node } from 'libpg-query';
import { clausesOf } from '../schema/constraints.ts';
import type { KnownSchema } from '../schema/known-schema.ts';
import { allOf, as, nameOf, objectName, qualified } from '../syntax/nodes.ts';
import type { SqlStatement } from '../syntax/statements.ts';
import { alterTableEffects, defaultPartitionEffects } from './alter-table.ts';
import { dataEffects } from './data-effects.ts';
import { type Effects, locked, merged, noEffects, type TableEffect } from './effects.ts';
import { maintenanceEffects } from './maintenance-effects.ts';
import { objectEffects } from './object-effects.ts';

/**
 * What a statement does to tables: the lock that it takes on each, and whether it reads or rewrites their rows meanwhile.
 * Views, sequences and indexes are not tables; locks of the catalogue do not count.
 */
export function effectsOf(schema: KnownSchema, { node }: Pick<SqlStatement, 'node'>): Effects {
  const alter = as(node, 'AlterTableStmt');
  if (alter)
    return {
      ...noEffects,
      tables: alterTableEffects(schema, alter),
      waitsForOthers: isConcurrentDetach(node),
    };
  const create = as(node, 'CreateStmt');
  if (create) return createEffects(schema, create);
  const created = as(node, 'CreateTableAsStmt');
  if (created && created.objtype !== 'OBJECT_MATVIEW') {
    return { ...dataEffects(schema, node), creates: [nameOf(created.into?.rel)] };
  }
  const view = as(node, 'ViewStmt');
  if (view) return { ...noEffects, creates: view.replace ? [] : [nameOf(view.view)] };
  const drop = as(node, 'DropStmt');
  if (drop) return dropEffects(schema, drop);
  const found = maintenanceEffects(schema, node) ?? objectEffects(schema, node) ?? dataEffects(schema, node);
  return { ...found, tables: merged(found.tables) };
}

function isConcurrentDetach(node: Node): boolean {
  const commands = allOf(as(node, 'AlterTableStmt')?.cmds, 'AlterTableCmd');
  return commands.some(({ def }) => as(def, 'PartitionCmd')?.concurrent === true);
}

function createEffects(
  schema: KnownSchema,
  { relation, tableElts, inhRelations, partbound, if_not_exists }: CreateStmt,
): Effects {
  const name = nameOf(relation);
  // Then it is there already, with rows.
  if (if_not_exists && schema.table(name)) return noEffects;
  const columns = allOf(tableElts, 'ColumnDef');
  const clauses = [...allOf(tableElts, 'Constraint'), ...columns.flatMap(clausesOf)];
  const referenced = clauses
    .filter(({ contype }) => contype === 'CONSTR_FOREIGN')
    .map(({ pktable }) => locked(nameOf(pktable), 'SHARE ROW EXCLUSIVE'));
  const parents = allOf(inhRelations, 'RangeVar').map((parent) =>
    locked(nameOf(parent), partbound ? 'ACCESS EXCLUSIVE' : 'SHARE UPDATE EXCLUSIVE'),
  );
  const searched = allOf(partbound ? inhRelations : [], 'RangeVar').flatMap((parent) =>
    defaultPartitionEffects(schema, nameOf(parent)),
  );
  const tables = merged([...referenced, ...parents, ...searched]).filter(({ table }) => table !== name);
  return { ...noEffects, tables, creates: [name] };
}

/** Objects on a table that go together with a lock of it: their name ends in its own. */
const onTable = new Set(['OBJECT_POLICY', 'OBJECT_TRIGGER', 'OBJECT_RULE']);

function dropEffects(schema: KnownSchema, drop: DropStmt): Effects {
  const names = (drop.objects ?? []).map(objectName);
  const isCascade = drop.behavior === 'DROP_CASCADE';
  const tables = names.flatMap((parts): TableEffect[] => {
    const type = drop.removeType ?? '';
    if (onTable.has(type)) return [locked(qualified(parts.slice(0, -1)), 'ACCESS EXCLUSIVE')];
    if (type === 'OBJECT_INDEX') return dropIndexEffects(schema, qualified(parts), drop.concurrent === true);
    if (type === 'OBJECT_TABLE') return dropTableEffects(schema, qualified(parts), isCascade);
    if (type === 'OBJECT_MATVIEW') return [locked(qualified(parts), 'ACCESS EXCLUSIVE')];
    if (type === 'OBJECT_SCHEMA') {
      const inside = [...schema.tables.keys()].filter((table) => table.startsWith(`${parts[0]}.`));
      return isCascade ? inside.map((table) => locked(table, 'ACCESS EXCLUSIVE')) : [];
    }
    return [];
  });
  return { ...noEffects, tables: merged(tables), waitsForOthers: drop.concurrent === true };
}

function dropIndexEffects(schema: KnownSchema, name: string, isConcurrent: boolean): TableEffect[] {
  const index = schema.indexes.get(name);
  const table = index?.table ?? `${name.split('.')[0]}.(the table of ${name.split('.')[1]})`;
  const lock = isConcurrent ? 'SHARE UPDATE EXCLUSIVE' : 'ACCESS EXCLUSIVE';
  return [{ ...locked(table, lock), isCertain: index !== undefined }];
}

function dropTableEffects(schema: KnownSchema, table: string, isCascade: boolean): TableEffect[] {
  const constraints = [...(schema.table(table)?.constraints.values() ?? [])];
  const referenced = constraints.flatMap(({ references }) => references ?? []);
  const parents = [...schema.tables.values()]
    .filter(({ children }) => children.has(table))
    .map(({ name }) => name);
  const others = [...referenced, ...parents, ...(isCascade ? schema.referencing(table) : [])];
  return [table, ...others].map((each) => locked(each, 'ACCESS EXCLUSIVE'));
}

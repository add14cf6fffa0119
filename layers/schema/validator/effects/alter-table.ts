import type { AlterTableCmd, AlterTableStmt } from 'libpg-query';
import type { KnownConstraint, KnownSchema } from '../schema/known-schema.ts';
import { allOf, as, nameOf } from '../syntax/nodes.ts';
import { addColumnEffects } from './add-column.ts';
import { addConstraintEffects, notNullEffects } from './add-constraint.ts';
import { typeChangeWork } from './column-type.ts';
import { locked, merged, type TableEffect, working } from './effects.ts';

/** What ALTER TABLE does: the strongest lock of its commands, and the work of all of them. */
export function alterTableEffects(schema: KnownSchema, statement: AlterTableStmt): TableEffect[] {
  if (statement.objtype !== 'OBJECT_TABLE' && statement.objtype !== 'OBJECT_MATVIEW') return [];
  const table = nameOf(statement.relation);
  const effects = merged(
    allOf(statement.cmds, 'AlterTableCmd').flatMap((command) => commandEffects(schema, table, command)),
  );
  return statement.relation?.inh ? merged([...effects, ...onChildren(schema, table, effects)]) : effects;
}

function onChildren(schema: KnownSchema, table: string, effects: readonly TableEffect[]): TableEffect[] {
  const own = effects.find((effect) => effect.table === table);
  if (!own) return [];
  return [...(schema.table(table)?.children ?? [])].map((child) => ({
    ...own,
    table: child,
    isCertain: false,
  }));
}

/** Commands that let others go on writing. */
const gentle = new Set([
  'AT_SetStatistics',
  'AT_SetOptions',
  'AT_ResetOptions',
  'AT_SetRelOptions',
  'AT_ResetRelOptions',
  'AT_ClusterOn',
  'AT_DropCluster',
  'AT_DetachPartitionFinalize',
]);

/** Enables and disables triggers. */
const ofTriggers = /^AT_(?:En|Dis)able(?:Always|Replica)?Trig(?:All|User)?$/;

/** Commands that write the table to a new file. */
const rewriting: Readonly<Record<string, string>> = {
  AT_SetAccessMethod: 'its access method changes',
  AT_SetLogged: 'it becomes logged',
  AT_SetUnLogged: 'it becomes unlogged',
  AT_SetTableSpace: 'its table space changes',
  AT_SetExpression: 'a stored column is computed again',
};

function commandEffects(schema: KnownSchema, table: string, command: AlterTableCmd): TableEffect[] {
  const subtype = command.subtype ?? '';
  if (gentle.has(subtype)) return [locked(table, 'SHARE UPDATE EXCLUSIVE')];
  if (ofTriggers.test(subtype)) return [locked(table, 'SHARE ROW EXCLUSIVE')];
  const why = rewriting[subtype];
  if (why) return [working(table, 'ACCESS EXCLUSIVE', 'rewrite', why)];
  switch (subtype) {
    case 'AT_AddColumn': {
      const column = as(command.def, 'ColumnDef');
      return column ? addColumnEffects(schema, table, column) : [];
    }
    case 'AT_AddConstraint': {
      const clause = as(command.def, 'Constraint');
      return clause ? addConstraintEffects(schema, table, clause) : [];
    }
    case 'AT_AlterColumnType':
      return [{ table, lock: 'ACCESS EXCLUSIVE', ...typeChangeWork(schema, table, command) }];
    case 'AT_SetNotNull':
      return notNullEffects(schema, table, [command.name ?? '']);
    case 'AT_ValidateConstraint':
      return validateEffects(schema, table, command.name ?? '');
    case 'AT_DropConstraint':
      return dropEffects(schema, table, ({ name }) => name === command.name);
    case 'AT_DropColumn':
      return dropEffects(schema, table, ({ columns }) => columns.includes(command.name ?? ''));
    case 'AT_AttachPartition':
    case 'AT_DetachPartition':
      return partitionEffects(schema, table, command);
    case 'AT_AddInherit':
      return [
        locked(table, 'ACCESS EXCLUSIVE'),
        locked(nameOf(as(command.def, 'RangeVar')), 'SHARE UPDATE EXCLUSIVE'),
      ];
    default:
      return [locked(table, 'ACCESS EXCLUSIVE')];
  }
}

function validateEffects(schema: KnownSchema, table: string, name: string): TableEffect[] {
  const constraint = schema.table(table)?.constraints.get(name);
  if (constraint?.isValid) return [locked(table, 'SHARE UPDATE EXCLUSIVE')];
  const because = `${name} is verified`;
  const isCertain = constraint !== undefined && constraint.kind !== 'foreign key';
  return [working(table, 'SHARE UPDATE EXCLUSIVE', 'scan', because, isCertain)];
}

/** A foreign key stands on two tables: without it, neither has its trigger any more. */
function dropEffects(
  schema: KnownSchema,
  table: string,
  isDropped: (constraint: KnownConstraint) => boolean,
): TableEffect[] {
  const dropped = [...(schema.table(table)?.constraints.values() ?? [])].filter(isDropped);
  return [
    locked(table, 'ACCESS EXCLUSIVE'),
    ...dropped.flatMap(({ references }) => (references ? [locked(references, 'ACCESS EXCLUSIVE')] : [])),
  ];
}

function partitionEffects(schema: KnownSchema, table: string, command: AlterTableCmd): TableEffect[] {
  const part = as(command.def, 'PartitionCmd');
  const name = nameOf(part?.name);
  if (command.subtype === 'AT_DetachPartition') {
    const lock = part?.concurrent ? 'SHARE UPDATE EXCLUSIVE' : 'ACCESS EXCLUSIVE';
    const isCertain = !part?.concurrent;
    return [
      { ...locked(table, lock), isCertain },
      { ...locked(name, 'ACCESS EXCLUSIVE'), isCertain },
    ];
  }
  const checks = [...(schema.table(name)?.constraints.values() ?? [])];
  const mayBeProven = checks.some(({ kind, isValid }) => kind === 'check' && isValid);
  return [
    locked(table, 'SHARE UPDATE EXCLUSIVE'),
    ...defaultPartitionEffects(schema, table),
    mayBeProven
      ? { ...locked(name, 'ACCESS EXCLUSIVE'), isCertain: false }
      : working(name, 'ACCESS EXCLUSIVE', 'scan', 'every row is compared with the bounds of the partition'),
  ];
}

/** A new partition takes rows from the default one, which is searched for them. */
export function defaultPartitionEffects(schema: KnownSchema, parent: string): TableEffect[] {
  const name = schema.table(parent)?.defaultPartition;
  if (name === undefined) return [];
  return [working(name, 'ACCESS EXCLUSIVE', 'scan', 'it is searched for rows of the new partition', false)];
}

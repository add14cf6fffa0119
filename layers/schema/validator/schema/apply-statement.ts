import type { AlterTableCmd, ColumnDef, CreateStmt, IndexStmt, RenameStmt } from 'libpg-query';
import { allOf, as, nameOf, objectName, qualified, stringsOf, typeText } from '../syntax/nodes.ts';
import type { SqlStatement } from '../syntax/statements.ts';
import { clausesOf, constraintOf, inSchemaOf } from './constraints.ts';
import type { KnownSchema, Volatility } from './known-schema.ts';

/** Changes what is known of the schema as a statement changes the schema. */
export function applyStatement(schema: KnownSchema, { node }: Pick<SqlStatement, 'node'>): void {
  const create = as(node, 'CreateStmt');
  if (create) applyCreate(schema, create);
  const asSelect = as(node, 'CreateTableAsStmt');
  if (asSelect) applyCreateAs(schema, nameOf(asSelect.into?.rel), asSelect.objtype);
  const view = as(node, 'ViewStmt');
  if (view) schema.views.add(nameOf(view.view));
  const index = as(node, 'IndexStmt');
  if (index) applyIndex(schema, index);
  const alter = as(node, 'AlterTableStmt');
  if (alter)
    for (const each of allOf(alter.cmds, 'AlterTableCmd')) applyCommand(schema, nameOf(alter.relation), each);
  const rename = as(node, 'RenameStmt');
  if (rename) applyRename(schema, rename);
  const renamed = tableRename(node);
  if (renamed) schema.renameTable(renamed.from, renamed.to);
  applyDrop(schema, node);
  applyTypesAndFunctions(schema, node);
}

function applyCreate(
  schema: KnownSchema,
  { relation, tableElts, inhRelations, partbound, if_not_exists }: CreateStmt,
): void {
  const name = nameOf(relation);
  if (if_not_exists && schema.table(name)) return;
  schema.addTable(name);
  for (const column of allOf(tableElts, 'ColumnDef')) applyColumn(schema, name, column);
  for (const clause of allOf(tableElts, 'Constraint')) applyConstraint(schema, name, clause);
  for (const parent of allOf(inhRelations, 'RangeVar')) {
    const known = schema.ensureTable(nameOf(parent));
    known.children.add(name);
    if (partbound?.is_default) known.defaultPartition = name;
  }
}

function applyCreateAs(schema: KnownSchema, name: string, kind: string | undefined): void {
  if (kind === 'OBJECT_MATVIEW') schema.views.add(name);
  else schema.addTable(name);
}

function applyColumn(schema: KnownSchema, table: string, column: ColumnDef): void {
  const name = column.colname ?? '';
  const clauses = clausesOf(column);
  const isNotNull = clauses.some(({ contype }) =>
    ['CONSTR_NOTNULL', 'CONSTR_PRIMARY', 'CONSTR_IDENTITY'].includes(contype ?? ''),
  );
  schema.setColumn(table, { name, type: typeText(column.typeName), isNotNull });
  for (const clause of clauses) applyConstraint(schema, table, clause, name);
}

function applyConstraint(
  schema: KnownSchema,
  table: string,
  clause: Parameters<typeof constraintOf>[2],
  column?: string,
): void {
  const constraint = constraintOf(schema, table, clause, column);
  if (!constraint) return;
  schema.ensureTable(table).constraints.set(constraint.name, constraint);
  if (clause.indexname) schema.indexes.delete(inSchemaOf(table, clause.indexname));
  if (constraint.kind === 'primary key' || constraint.kind === 'unique') {
    const name = inSchemaOf(table, constraint.name);
    schema.indexes.set(name, { name, table, columns: constraint.columns, isUnique: true });
  }
  if (constraint.kind !== 'primary key' && constraint.kind !== 'not null') return;
  for (const each of constraint.columns) setNotNull(schema, table, each, constraint.isValid);
}

function setNotNull(schema: KnownSchema, table: string, column: string, isNotNull: boolean): void {
  const known = schema.column(table, column);
  schema.setColumn(table, { name: column, type: known?.type, isNotNull });
}

function applyIndex(schema: KnownSchema, { idxname, relation, indexParams, unique }: IndexStmt): void {
  const table = nameOf(relation);
  const columns = allOf(indexParams, 'IndexElem').map(({ name }) => name ?? '(expression)');
  const [, bare] = table.split('.');
  const name = inSchemaOf(table, idxname ?? [bare, ...columns, 'idx'].join('_'));
  schema.indexes.set(name, { name, table, columns, isUnique: unique === true });
}

function applyCommand(schema: KnownSchema, table: string, command: AlterTableCmd): void {
  const column = command.name ?? '';
  const known = schema.table(table);
  switch (command.subtype) {
    case 'AT_AddColumn': {
      const definition = as(command.def, 'ColumnDef');
      if (definition) applyColumn(schema, table, definition);
      return;
    }
    case 'AT_DropColumn':
      known?.columns.delete(column);
      return;
    case 'AT_AddConstraint': {
      const clause = as(command.def, 'Constraint');
      if (clause) applyConstraint(schema, table, clause);
      return;
    }
    case 'AT_DropConstraint':
      known?.constraints.delete(column);
      schema.indexes.delete(inSchemaOf(table, column));
      return;
    case 'AT_ValidateConstraint': {
      const constraint = known?.constraints.get(column);
      if (constraint) known?.constraints.set(column, { ...constraint, isValid: true });
      return;
    }
    case 'AT_SetNotNull':
      setNotNull(schema, table, column, true);
      return;
    case 'AT_DropNotNull':
      setNotNull(schema, table, column, false);
      for (const [name, { kind, columns }] of known?.constraints ?? []) {
        if (kind === 'not null' && columns.includes(column)) known?.constraints.delete(name);
      }
      return;
    case 'AT_AlterColumnType': {
      const type = typeText(as(command.def, 'ColumnDef')?.typeName);
      schema.setColumn(table, {
        name: column,
        isNotNull: schema.column(table, column)?.isNotNull ?? false,
        type,
      });
      return;
    }
    case 'AT_AttachPartition':
    case 'AT_DetachPartition': {
      const part = nameOf(as(command.def, 'PartitionCmd')?.name);
      const { children } = schema.ensureTable(table);
      if (command.subtype === 'AT_AttachPartition') children.add(part);
      else children.delete(part);
      return;
    }
  }
}

/** The names of a table before and after a statement that renames it or moves it to another schema. */
export function tableRename(node: SqlStatement['node']): { from: string; to: string } | undefined {
  const move = as(node, 'AlterObjectSchemaStmt');
  if (move?.relation) {
    const from = nameOf(move.relation);
    return { from, to: `${move.newschema}.${from.split('.')[1]}` };
  }
  const rename = as(node, 'RenameStmt');
  if (rename?.renameType !== 'OBJECT_TABLE') return undefined;
  const from = nameOf(rename.relation);
  return { from, to: inSchemaOf(from, rename.newname ?? '') };
}

function applyRename(schema: KnownSchema, { renameType, relation, subname, newname }: RenameStmt): void {
  const name = nameOf(relation);
  const to = newname ?? '';
  const table = schema.table(name);
  if (renameType === 'OBJECT_COLUMN' && table && subname) {
    const column = table.columns.get(subname);
    table.columns.delete(subname);
    if (column) table.columns.set(to, { ...column, name: to });
  }
  if (renameType === 'OBJECT_TABCONSTRAINT' && table && subname) {
    const constraint = table.constraints.get(subname);
    table.constraints.delete(subname);
    if (constraint) table.constraints.set(to, { ...constraint, name: to });
  }
  const index = schema.indexes.get(name);
  if (renameType === 'OBJECT_INDEX' && index) {
    schema.indexes.delete(name);
    schema.indexes.set(inSchemaOf(name, to), { ...index, name: inSchemaOf(name, to) });
  }
}

function applyDrop(schema: KnownSchema, node: SqlStatement['node']): void {
  const drop = as(node, 'DropStmt');
  for (const object of drop?.objects ?? []) {
    const name = qualified(objectName(object));
    if (drop?.removeType === 'OBJECT_TABLE') schema.dropTable(name);
    if (drop?.removeType === 'OBJECT_INDEX') schema.indexes.delete(name);
    if (drop?.removeType === 'OBJECT_VIEW' || drop?.removeType === 'OBJECT_MATVIEW')
      schema.views.delete(name);
  }
}

function applyTypesAndFunctions(schema: KnownSchema, node: SqlStatement['node']): void {
  const domain = as(node, 'CreateDomainStmt');
  if (domain)
    schema.domains.set(qualified(stringsOf(domain.domainname)), (domain.constraints ?? []).length > 0);
  const routine = as(node, 'CreateFunctionStmt');
  if (!routine) return;
  const said = allOf(routine.options, 'DefElem').find(({ defname }) => defname === 'volatility');
  const volatility = (as(said?.arg, 'String')?.sval ?? 'volatile') as Volatility;
  schema.functions.set(qualified(stringsOf(routine.funcname)), volatility);
}

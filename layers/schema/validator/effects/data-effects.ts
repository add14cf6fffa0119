import type { Node, SelectStmt } from 'libpg-query';
import type { KnownSchema } from '../schema/known-schema.ts';
import { allOf, as, everyNode, type NodeKind, nameOf, stringsOf } from '../syntax/nodes.ts';
import { type Effects, locked, merged, noEffects, type TableEffect, working } from './effects.ts';

/** What a statement that reads or writes rows does to tables; nothing for any other. */
export function dataEffects(schema: KnownSchema, node: Node): Effects {
  if (!isQueried(node)) return noEffects;
  const target = targetOf(node);
  const named = new Set(commonNames(node));
  const read = [...everyNode(node)]
    .flatMap((each) => as(each, 'RangeVar') ?? [])
    .filter(({ schemaname, relname }) => schemaname !== undefined || !named.has(relname ?? ''))
    .map((relation) => nameOf(relation))
    .filter((name) => name !== target && !schema.views.has(name));
  const effects: TableEffect[] = read.map((table) =>
    working(table, 'ACCESS SHARE', 'reads', 'its rows are read'),
  );
  if (target) effects.push(writeEffect(node, target));
  const called = functionOf(node);
  return {
    ...noEffects,
    tables: merged(effects),
    opaque: called && `it calls ${called}(), which may do anything`,
  };
}

/** A function of somebody's own that a statement calls. */
function functionOf(node: Node): string | undefined {
  const calls = [...everyNode(node)].flatMap((each) => as(each, 'FuncCall') ?? []);
  const names = calls.map(({ funcname }) => stringsOf(funcname));
  return names.find((parts) => parts.length > 1 && parts[0] !== 'pg_catalog')?.join('.');
}

function writeEffect(node: Node, target: string): TableEffect {
  const isUnread = as(node, 'InsertStmt') !== undefined || as(node, 'CopyStmt') !== undefined;
  return isUnread
    ? locked(target, 'ROW EXCLUSIVE')
    : working(target, 'ROW EXCLUSIVE', 'reads', 'its rows are searched');
}

/** The table that a statement writes rows of. */
export function targetOf(node: Node): string | undefined {
  const relation =
    as(node, 'UpdateStmt')?.relation ??
    as(node, 'DeleteStmt')?.relation ??
    as(node, 'InsertStmt')?.relation ??
    as(node, 'MergeStmt')?.relation;
  if (relation) return nameOf(relation);
  const copy = as(node, 'CopyStmt');
  return copy?.is_from && copy.relation ? nameOf(copy.relation) : undefined;
}

const queries: readonly NodeKind[] = [
  'SelectStmt',
  'UpdateStmt',
  'DeleteStmt',
  'InsertStmt',
  'MergeStmt',
  'CopyStmt',
  'CreateTableAsStmt',
];

function isQueried(node: Node): boolean {
  return queries.some((kind) => kind in node);
}

/** The names that WITH gives to queries: they are no tables. */
function commonNames(node: Node): string[] {
  return [...everyNode(node)].flatMap((each) => as(each, 'CommonTableExpr')?.ctename ?? []);
}

/** The tables whose rows a query reads itself, without those in its sub-selects. */
export function sourcesOf(select: SelectStmt | undefined): string[] {
  if (!select) return [];
  if (select.larg || select.rarg) return [...sourcesOf(select.larg), ...sourcesOf(select.rarg)];
  const names = new Set(allOf(select.withClause?.ctes, 'CommonTableExpr').map(({ ctename }) => ctename));
  return [...everyNode(select.fromClause), ...everyNode(select.withClause)]
    .flatMap((node) => as(node, 'RangeVar') ?? [])
    .filter(({ schemaname, relname }) => schemaname !== undefined || !names.has(relname))
    .map(nameOf);
}

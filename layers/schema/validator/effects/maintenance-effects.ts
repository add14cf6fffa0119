import type { DefElem, IndexStmt, Node } from 'libpg-query';
import type { KnownSchema } from '../schema/known-schema.ts';
import { allOf, as, nameOf } from '../syntax/nodes.ts';
import { type Effects, locked, noEffects, type TableEffect, working } from './effects.ts';

/** What builds, repairs or refreshes; undefined for any other statement. */
export function maintenanceEffects(schema: KnownSchema, node: Node): Effects | undefined {
  const index = as(node, 'IndexStmt');
  if (index) {
    const table = nameOf(index.relation);
    const isConcurrent = index.concurrent === true;
    const build = (name: string, isCertain: boolean) =>
      working(
        name,
        isConcurrent ? 'SHARE UPDATE EXCLUSIVE' : 'SHARE',
        'scan',
        `the index ${index.idxname ?? ''} is built`.replace('  ', ' '),
        isCertain,
      );
    const children = [...(schema.table(table)?.children ?? [])];
    if (isOnlyParent(schema, index)) return { ...noEffects, tables: [locked(table, 'SHARE')] };
    const tables = [build(table, children.length === 0), ...children.map((child) => build(child, false))];
    return { ...noEffects, tables, waitsForOthers: isConcurrent };
  }
  const vacuum = as(node, 'VacuumStmt');
  if (vacuum) {
    const tables = allOf(vacuum.rels, 'VacuumRelation').map(({ relation }) =>
      isSet(vacuum.options, 'full')
        ? working(nameOf(relation), 'ACCESS EXCLUSIVE', 'rewrite', 'VACUUM FULL copies it')
        : locked(nameOf(relation), 'SHARE UPDATE EXCLUSIVE'),
    );
    return { ...noEffects, tables };
  }
  const cluster = as(node, 'ClusterStmt');
  if (cluster) {
    const table = nameOf(cluster.relation);
    return { ...noEffects, tables: [working(table, 'ACCESS EXCLUSIVE', 'rewrite', 'CLUSTER copies it')] };
  }
  const refresh = as(node, 'RefreshMatViewStmt');
  if (refresh) {
    const view = nameOf(refresh.relation);
    const effect = refresh.concurrent
      ? working(view, 'EXCLUSIVE', 'reads', 'the view is compared with its query')
      : working(view, 'ACCESS EXCLUSIVE', 'rewrite', 'the view is computed again');
    return { ...noEffects, tables: [effect] };
  }
  return reindexEffects(schema, node);
}

/** An index on ONLY a partitioned table is a shell without rows, to which the indexes of the partitions are attached. */
export function isOnlyParent(schema: KnownSchema, { relation }: IndexStmt): boolean {
  return relation?.inh !== true && (schema.table(nameOf(relation))?.children.size ?? 0) > 0;
}

function reindexEffects(schema: KnownSchema, node: Node): Effects | undefined {
  const reindex = as(node, 'ReindexStmt');
  if (!reindex) return undefined;
  const isConcurrent = isSet(reindex.params, 'concurrently');
  if (!reindex.relation) {
    return {
      ...noEffects,
      waitsForOthers: isConcurrent,
      opaque: `it rebuilds every index of ${reindex.name ?? 'the database'}`,
    };
  }
  const name = nameOf(reindex.relation);
  const index = schema.indexes.get(name);
  const isIndex = reindex.kind === 'REINDEX_OBJECT_INDEX';
  const table = isIndex
    ? (index?.table ?? `${name.split('.')[0]}.(the table of ${name.split('.')[1]})`)
    : name;
  const lock = isConcurrent ? 'SHARE UPDATE EXCLUSIVE' : 'SHARE';
  const effect: TableEffect = working(
    table,
    lock,
    'scan',
    `${name} is rebuilt`,
    !isIndex || index !== undefined,
  );
  return { ...noEffects, tables: [effect], waitsForOthers: isConcurrent };
}

/** Whether an option such as `full` or `(concurrently true)` is given. */
export function isSet(options: readonly Node[] | undefined, name: string): boolean {
  const option = allOf(options, 'DefElem').find(({ defname }) => defname === name);
  return option !== undefined && !isOff(option);
}

function isOff({ arg }: DefElem): boolean {
  const value = as(arg, 'String')?.sval ?? as(arg, 'Boolean')?.boolval ?? as(arg, 'Integer')?.ival;
  return value === 'false' || value === 'off' || value === false || value === 0;
}

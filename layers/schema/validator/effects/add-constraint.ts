import type { Constraint } from 'libpg-query';
import { constraintOf } from '../schema/constraints.ts';
import type { KnownConstraint, KnownSchema } from '../schema/known-schema.ts';
import { locked, type TableEffect, working } from './effects.ts';

/** What ADD CONSTRAINT does to its table, and to the one that a foreign key points at. */
export function addConstraintEffects(schema: KnownSchema, table: string, clause: Constraint): TableEffect[] {
  const constraint = constraintOf(schema, table, clause);
  if (!constraint) return [locked(table, 'ACCESS EXCLUSIVE')];
  const looks = clause.skip_validation !== true && clause.is_enforced !== false;
  switch (constraint.kind) {
    case 'check':
      return looks
        ? [working(table, 'ACCESS EXCLUSIVE', 'scan', `the check ${constraint.name} is verified`)]
        : [locked(table, 'ACCESS EXCLUSIVE')];
    case 'foreign key': {
      const referenced = locked(constraint.references ?? '', 'SHARE ROW EXCLUSIVE');
      if (!looks) return [locked(table, 'SHARE ROW EXCLUSIVE'), referenced];
      const because = `every reference of ${constraint.name} is looked up`;
      return [
        working(table, 'SHARE ROW EXCLUSIVE', 'scan', because),
        { ...referenced, work: 'reads', because, isCertain: false },
      ];
    }
    case 'not null':
      return looks ? notNullEffects(schema, table, constraint.columns) : [locked(table, 'ACCESS EXCLUSIVE')];
    case 'exclusion':
      return [working(table, 'ACCESS EXCLUSIVE', 'scan', `the index of ${constraint.name} is built`)];
    case 'unique':
    case 'primary key':
      return keyEffects(schema, table, clause, constraint);
  }
}

function keyEffects(
  schema: KnownSchema,
  table: string,
  clause: Constraint,
  { name, kind, columns }: KnownConstraint,
): TableEffect[] {
  if (!clause.indexname) {
    return [working(table, 'ACCESS EXCLUSIVE', 'scan', `the index of ${name} is built`)];
  }
  return kind === 'primary key'
    ? notNullEffects(schema, table, columns)
    : [locked(table, 'ACCESS EXCLUSIVE')];
}

/** What it takes to know that columns hold no null. */
export function notNullEffects(
  schema: KnownSchema,
  table: string,
  columns: readonly string[],
): TableEffect[] {
  const open = columns.filter(
    (column) => !schema.column(table, column)?.isNotNull && !schema.provesNotNull(table, column),
  );
  const [first] = open;
  if (!first && columns.length > 0) return [locked(table, 'ACCESS EXCLUSIVE')];
  const isKnown = open.every((column) => schema.column(table, column)?.type !== undefined);
  const because = `every row is searched for a null in ${open.join(', ') || 'its key'}`;
  return [working(table, 'ACCESS EXCLUSIVE', 'scan', because, isKnown && columns.length > 0)];
}

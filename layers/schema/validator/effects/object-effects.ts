import type { CommentStmt, Node, RenameStmt } from 'libpg-query';
import type { KnownSchema } from '../schema/known-schema.ts';
import { allOf, as, nameOf, objectName, qualified, stringsOf } from '../syntax/nodes.ts';
import { type Effects, locked, noEffects, type TableEffect, working } from './effects.ts';
import { modeOfStrength } from './lock-modes.ts';

/** What triggers, policies, comments, renames and the like do to their table; undefined for any other statement. */
export function objectEffects(schema: KnownSchema, node: Node): Effects | undefined {
  const tables = objectLocks(schema, node);
  if (tables) return { ...noEffects, tables };
  const called = as(node, 'CallStmt')?.funccall;
  if (called) {
    const name = stringsOf(called.funcname).join('.');
    return { ...noEffects, opaque: `it calls ${name}(), which may do anything` };
  }
  const owned = as(node, 'DropOwnedStmt') ?? as(node, 'ReassignOwnedStmt');
  return owned ? { ...noEffects, opaque: 'it changes everything that a role owns' } : undefined;
}

function objectLocks(schema: KnownSchema, node: Node): TableEffect[] | undefined {
  const trigger = as(node, 'CreateTrigStmt');
  if (trigger) return [locked(nameOf(trigger.relation), 'SHARE ROW EXCLUSIVE')];
  const policy = as(node, 'CreatePolicyStmt') ?? as(node, 'AlterPolicyStmt');
  if (policy) return [locked(nameOf(policy.table), 'ACCESS EXCLUSIVE')];
  const rule = as(node, 'RuleStmt');
  if (rule) return [locked(nameOf(rule.relation), 'ACCESS EXCLUSIVE')];
  const comment = as(node, 'CommentStmt');
  if (comment) return commentLocks(comment);
  const rename = as(node, 'RenameStmt');
  if (rename) return renameLocks(rename);
  const move = as(node, 'AlterObjectSchemaStmt');
  if (move)
    return move.objectType === 'OBJECT_TABLE' ? [locked(nameOf(move.relation), 'ACCESS EXCLUSIVE')] : [];
  const statistics = as(node, 'CreateStatsStmt');
  if (statistics) {
    return allOf(statistics.relations, 'RangeVar').map((table) =>
      locked(nameOf(table), 'SHARE UPDATE EXCLUSIVE'),
    );
  }
  const explicit = as(node, 'LockStmt');
  if (explicit) {
    const mode = modeOfStrength(explicit.mode ?? 8);
    return allOf(explicit.relations, 'RangeVar').map((table) => locked(nameOf(table), mode));
  }
  const truncate = as(node, 'TruncateStmt');
  if (truncate) return truncateLocks(schema, truncate);
  const publication = as(node, 'CreatePublicationStmt') ?? as(node, 'AlterPublicationStmt');
  if (publication) {
    return allOf(publication.pubobjects, 'PublicationObjSpec').flatMap(({ pubtable }) =>
      pubtable?.relation ? [locked(nameOf(pubtable.relation), 'SHARE UPDATE EXCLUSIVE')] : [],
    );
  }
  return domainLocks(schema, node);
}

function commentLocks({ objtype, object }: CommentStmt): TableEffect[] {
  const parts = objectName(object);
  if (objtype === 'OBJECT_TABLE') return [locked(qualified(parts), 'SHARE UPDATE EXCLUSIVE')];
  if (objtype === 'OBJECT_COLUMN') return [locked(qualified(parts.slice(0, -1)), 'SHARE UPDATE EXCLUSIVE')];
  return [];
}

const renamedOnTable = new Set([
  'OBJECT_TABLE',
  'OBJECT_TABCONSTRAINT',
  'OBJECT_TRIGGER',
  'OBJECT_POLICY',
  'OBJECT_RULE',
]);

function renameLocks({ renameType, relationType, relation }: RenameStmt): TableEffect[] {
  const isOfTable =
    renamedOnTable.has(renameType ?? '') ||
    (renameType === 'OBJECT_COLUMN' && relationType === 'OBJECT_TABLE');
  return isOfTable && relation ? [locked(nameOf(relation), 'ACCESS EXCLUSIVE')] : [];
}

/** TRUNCATE gives each table a new, empty file; CASCADE also the tables that refer to them. */
function truncateLocks(
  schema: KnownSchema,
  truncate: NonNullable<ReturnType<typeof as<'TruncateStmt'>>>,
): TableEffect[] {
  const named = allOf(truncate.relations, 'RangeVar').map(nameOf);
  const all = truncate.behavior === 'DROP_CASCADE' ? withReferencing(schema, named) : named;
  return all.map((table) => ({ ...locked(table, 'ACCESS EXCLUSIVE'), isCertain: false }));
}

function withReferencing(schema: KnownSchema, tables: readonly string[]): string[] {
  const all = new Set(tables);
  for (const table of all) for (const each of schema.referencing(table)) all.add(each);
  return [...all];
}

/** A constraint of a domain is verified in every table that has a column of it. */
function domainLocks(schema: KnownSchema, node: Node): TableEffect[] | undefined {
  const domain = as(node, 'AlterDomainStmt');
  if (!domain) return undefined;
  const name = qualified(stringsOf(domain.typeName));
  const isNew = domain.subtype === 'C' || domain.subtype === 'O';
  const isUnchecked = as(domain.def, 'Constraint')?.skip_validation === true;
  if (!(isNew || domain.subtype === 'V') || isUnchecked) return [];
  const lock = isNew ? 'SHARE' : 'SHARE UPDATE EXCLUSIVE';
  return schema
    .usingType(name)
    .map((table) => working(table, lock, 'scan', `the domain ${name} is verified`));
}

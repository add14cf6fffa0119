import type { Node, RangeVar, TypeName } from 'libpg-query';

type KeysOf<Union> = Union extends unknown ? keyof Union : never;

/** The kinds of node in Postgres' grammar, such as `AlterTableStmt`. */
export type NodeKind = KeysOf<Node>;
export type NodeOf<Kind extends NodeKind> = Extract<Node, Record<Kind, unknown>>[Kind];

/** The node itself when it is of this kind. */
export function as<Kind extends NodeKind>(node: Node | undefined, kind: Kind): NodeOf<Kind> | undefined {
  if (!node || !(kind in node)) return undefined;
  return (node as unknown as Record<Kind, NodeOf<Kind>>)[kind];
}

/** The nodes of a list that are of this kind. */
export function allOf<Kind extends NodeKind>(nodes: readonly Node[] | undefined, kind: Kind): NodeOf<Kind>[] {
  return (nodes ?? []).flatMap((node) => as(node, kind) ?? []);
}

export function kindOf(node: Node): NodeKind {
  return Object.keys(node)[0] as NodeKind;
}

/** The strings of a list: the parts of a name, the columns of a key. */
export function stringsOf(nodes: readonly Node[] | undefined): string[] {
  return allOf(nodes, 'String').map(({ sval }) => sval ?? '');
}

/** A relation as `schema.name`; Postgres finds an unqualified one in the search path, which begins at `public`. */
export function nameOf(relation: RangeVar | undefined): string {
  return qualified([relation?.schemaname, relation?.relname].filter((part) => part !== undefined));
}

/** The parts of a name as `schema.name`. */
export function qualified(parts: readonly string[]): string {
  return parts.length > 1 ? parts.slice(-2).join('.') : `public.${parts[0] ?? ''}`;
}

/** The name of a function, type or relation in a DROP or COMMENT: a list of strings, a type, or a function with arguments. */
export function objectName(node: Node | undefined): string[] {
  const list = as(node, 'List');
  if (list) return stringsOf(list.items);
  const type = as(node, 'TypeName');
  if (type) return stringsOf(type.names);
  const routine = as(node, 'ObjectWithArgs');
  if (routine) return stringsOf(routine.objname);
  const name = as(node, 'String');
  return name ? [name.sval ?? ''] : [];
}

/** Every node below this one, itself included. */
export function* everyNode(node: unknown): Generator<Node> {
  if (Array.isArray(node)) {
    for (const each of node) yield* everyNode(each);
    return;
  }
  if (typeof node !== 'object' || node === null) return;
  for (const [key, value] of Object.entries(node)) {
    if (/^[A-Z]/.test(key)) yield { [key]: value } as unknown as Node;
    yield* everyNode(value);
  }
}

/** A type as `name` or `name(1,2)`, without pg_catalog. */
export function typeText(type: TypeName | undefined): string {
  const names = stringsOf(type?.names).filter((name) => name !== 'pg_catalog');
  const modifiers = (type?.typmods ?? []).map((node) => as(node, 'A_Const')?.ival?.ival ?? 0);
  const array = type?.arrayBounds ? '[]' : '';
  // An interval's first modifier is the mask of its fields, not a precision.
  const shown = names.join('.') === 'interval' ? modifiers.slice(1) : modifiers;
  return `${names.join('.')}${shown.length > 0 ? `(${shown.join(',')})` : ''}${array}`;
}

import type { Review } from '../../review.ts';
import { as, objectName } from '../../syntax/nodes.ts';

/** A DROP of these types of objects, with their names; nothing inside a contract, where it belongs. */
export function dropped({ statement: { node }, file }: Review, types: ReadonlySet<string>): string[] {
  const drop = as(node, 'DropStmt');
  if (!drop || file.isContract || !types.has(drop.removeType ?? '')) return [];
  return (drop.objects ?? []).map((object) => objectName(object).join('.'));
}

/** The remedy of everything that takes something away. */
export const inContract =
  'first a release that does not use it any more, then a file that begins with "--! contract"';

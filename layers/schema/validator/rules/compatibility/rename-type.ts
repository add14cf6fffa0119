import { as, objectName } from '../../syntax/nodes.ts';
import type { Rule } from '../rule.ts';

const types = new Set([
  'OBJECT_TYPE',
  'OBJECT_DOMAIN',
  'OBJECT_FUNCTION',
  'OBJECT_PROCEDURE',
  'OBJECT_SEQUENCE',
  'OBJECT_ATTRIBUTE',
]);

export const renameType: Rule = {
  name: 'rename-type',
  title: 'A type, function or sequence is renamed while programs run',
  check: ({ statement: { node } }) => {
    const rename = as(node, 'RenameStmt');
    if (!types.has(rename?.renameType ?? '')) return [];
    return [
      {
        object: objectName(rename?.object).join('.') || rename?.relation?.relname || '',
        detail: 'a release that casts to it or calls it by the old name fails from now on',
        remedy: 'create it under the new name as well, and drop the old one in a contract',
      },
    ];
  },
};

import { allOf, as, nameOf } from '../../syntax/nodes.ts';
import type { Rule } from '../rule.ts';
import { inContract } from './destructive.ts';

export const privilegeRevoked: Rule = {
  name: 'privilege-revoked',
  title: 'A privilege on a table is revoked that the release before relies on',
  check: ({ statement: { node }, file, isNew }) => {
    const revoke = as(node, 'GrantStmt');
    if (!revoke || revoke.is_grant || revoke.objtype !== 'OBJECT_TABLE' || file.isContract) return [];
    // Nobody may rely on what everybody has.
    const roles = allOf(revoke.grantees, 'RoleSpec').flatMap(({ rolename }) => rolename ?? []);
    if (roles.length === 0) return [];
    return allOf(revoke.objects, 'RangeVar')
      .map(nameOf)
      .filter((table) => !isNew(table))
      .map((table) => ({
        object: table,
        detail: `the next statement of ${roles.join(', ')} that needs it is refused`,
        remedy: inContract,
      }));
  },
};

import { allOf, as, nameOf, objectName } from '../../syntax/nodes.ts';
import type { Rule } from '../rule.ts';

export const grantToPublic: Rule = {
  name: 'grant-to-public',
  title: 'A privilege is granted to everybody',
  check: ({ statement: { node } }) => {
    const defaults = as(node, 'AlterDefaultPrivilegesStmt')?.action;
    const grant = as(node, 'GrantStmt') ?? defaults;
    const isPublic = allOf(grant?.grantees, 'RoleSpec').some(
      ({ roletype }) => roletype === 'ROLESPEC_PUBLIC',
    );
    if (!grant?.is_grant || !isPublic) return [];
    const objects = (grant.objects ?? []).map((object) => {
      const relation = as(object, 'RangeVar');
      return relation ? nameOf(relation) : objectName(object).join('.');
    });
    return [
      {
        object: objects.join(', ') || 'objects to come',
        detail: 'every role has it, also one that is created tomorrow',
        remedy: 'grant … to the roles that need it',
      },
    ];
  },
};

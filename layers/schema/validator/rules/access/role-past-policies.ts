import { allOf, as } from '../../syntax/nodes.ts';
import type { Rule } from '../rule.ts';

export const rolePastPolicies: Rule = {
  name: 'role-past-policies',
  title: 'A role passes every policy',
  check: ({ statement: { node } }) => {
    const alter = as(node, 'AlterRoleStmt');
    const options = as(node, 'CreateRoleStmt')?.options ?? alter?.options;
    const given = allOf(options, 'DefElem').filter(
      ({ defname, arg }) => ['superuser', 'bypassrls'].includes(defname ?? '') && as(arg, 'Boolean')?.boolval,
    );
    return given.map(({ defname }) => ({
      object: alter?.role?.rolename ?? as(node, 'CreateRoleStmt')?.role ?? 'a role',
      detail: `with ${defname} no policy applies to it`,
      remedy: 'give the role a policy of its own on the tables where it must see more',
    }));
  },
};

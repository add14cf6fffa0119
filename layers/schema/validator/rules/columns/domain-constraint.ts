import { as, stringsOf } from '../../syntax/nodes.ts';
import type { Rule } from '../rule.ts';

export const domainConstraint: Rule = {
  name: 'domain-constraint',
  title: 'A constraint of a domain',
  check: ({ statement: { node } }) => {
    const create = as(node, 'CreateDomainStmt');
    const alter = as(node, 'AlterDomainStmt');
    const isAdded =
      alter?.subtype === 'C' || alter?.subtype === 'O' || (create?.constraints ?? []).length > 0;
    if (!isAdded) return [];
    return [
      {
        object: stringsOf(create?.domainname ?? alter?.typeName).join('.'),
        detail:
          'each change of it locks and reads every table with a column of the domain, in one transaction',
        remedy: 'a check constraint on each column: it can be added as not valid, table by table',
      },
    ];
  },
};

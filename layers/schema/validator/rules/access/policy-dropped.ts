import type { CreatePolicyStmt } from 'libpg-query';
import type { ReviewedFile } from '../../review.ts';
import { allOf, as, nameOf, objectName, qualified } from '../../syntax/nodes.ts';
import type { Rule } from '../rule.ts';

export const policyDropped: Rule = {
  name: 'policy-dropped',
  title: 'A policy is dropped or opened',
  check: ({ statement: { node }, file, isNew }) => {
    const altered = as(node, 'AlterPolicyStmt');
    const isOpened =
      as(altered?.qual, 'A_Const')?.boolval?.boolval || as(altered?.with_check, 'A_Const')?.boolval?.boolval;
    if (altered && isOpened && !isNew(nameOf(altered.table))) {
      return [fault(nameOf(altered.table), `${altered.policy_name} lets every row through`)];
    }
    const created = as(node, 'CreatePolicyStmt');
    if (created && isForAll(created) && !isNew(nameOf(created.table))) {
      return [
        fault(
          nameOf(created.table),
          `${created.policy_name} lets every row through, whatever the others say`,
        ),
      ];
    }
    const drop = as(node, 'DropStmt');
    if (drop?.removeType !== 'OBJECT_POLICY') return [];
    return (drop.objects ?? []).flatMap((object) => {
      const parts = objectName(object);
      const [table, policy] = [qualified(parts.slice(0, -1)), parts.at(-1) ?? ''];
      if (isNew(table) || isCreatedAgain(file, table, policy)) return [];
      return [fault(table, `without ${policy}, its rows are shown to nobody, or to everybody`)];
    });
  },
};

/** A permissive policy for everybody, under which every row is seen: policies are joined by "or". */
function isForAll({ permissive, roles, qual }: CreatePolicyStmt): boolean {
  const isPublic = allOf(roles, 'RoleSpec').some(({ roletype }) => roletype === 'ROLESPEC_PUBLIC');
  return permissive === true && isPublic && as(qual, 'A_Const')?.boolval?.boolval === true;
}

/** A policy is replaced when the same file creates it again; both happen at once. */
function isCreatedAgain({ statements }: ReviewedFile, table: string, policy: string): boolean {
  return statements.some(({ node }) => {
    const created = as(node, 'CreatePolicyStmt');
    return created?.policy_name === policy && nameOf(created.table) === table;
  });
}

function fault(object: string, detail: string) {
  return {
    object,
    detail,
    remedy: 'create the policy that replaces it in the same file, under the same name',
  };
}

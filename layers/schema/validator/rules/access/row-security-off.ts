import { alterCommands } from '../../review.ts';
import type { Rule } from '../rule.ts';

const what: Readonly<Record<string, string>> = {
  AT_DisableRowSecurity: 'its policies do not apply any more: everyone who may read it reads all rows',
  AT_NoForceRowSecurity: 'its owner, and every function that runs as its owner, sees all rows',
};

export const rowSecurityOff: Rule = {
  name: 'row-security-off',
  title: 'Row-level security is switched off',
  check: (review) =>
    alterCommands(review).flatMap(({ table, command }) => {
      const detail = what[command.subtype ?? ''];
      if (!detail) return [];
      return [
        { object: table, detail, remedy: 'keep it on, and add a policy for the one role that must see more' },
      ];
    }),
};

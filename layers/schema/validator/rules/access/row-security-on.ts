import { alterCommands } from '../../review.ts';
import type { Rule } from '../rule.ts';

export const rowSecurityOn: Rule = {
  name: 'row-security-on',
  title: 'Row-level security is switched on while the release before still reads the table',
  check: (review) =>
    alterCommands(review).flatMap(({ table, command }) => {
      const isOn = command.subtype === 'AT_EnableRowSecurity' || command.subtype === 'AT_ForceRowSecurity';
      if (!isOn || review.file.isContract) return [];
      return [
        {
          object: table,
          detail: 'a release that does not set what the policies ask for sees no row and gets no error',
          remedy: 'do it in a "--! contract" file, after the release that enters the organization first',
        },
      ];
    }),
};

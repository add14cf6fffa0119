import { blocksWrites } from '../../effects/lock-modes.ts';
import { alterCommands, effectsOnOthers, stalledTables } from '../../review.ts';
import { isBounded } from '../data/bounded.ts';
import type { Rule } from '../rule.ts';

export const workUnderLock: Rule = {
  name: 'work-under-lock',
  title: 'Rows are searched or written while a lock of the same transaction makes others wait',
  check: (review) => {
    const held = [...new Set((review.transaction ?? []).flatMap(stalledTables))];
    const work = effectsOnOthers(review).find(({ work, lock }) => work !== 'none' && !blocksWrites(lock));
    if (held.length > 0 && work && !isBounded(review)) {
      return [
        {
          object: held.join(', '),
          detail: `others wait for it while ${work.table} is worked on: ${work.because}`,
          remedy:
            'do this in a later file: it needs no strong lock, and the lock before it is let go of at once',
        },
      ];
    }
    const validated = alterCommands(review).find(
      ({ command }) => command.subtype === 'AT_ValidateConstraint',
    );
    const effect = effectsOnOthers(review).find(({ table }) => table === validated?.table);
    if (!validated || effect?.work !== 'scan' || !blocksWrites(effect.lock)) return [];
    return [
      {
        object: validated.table,
        detail: `${validated.command.name} is verified under the ${effect.lock} lock of the same statement`,
        remedy: 'validate it in a later file: alone, it lets others read and write',
      },
    ];
  },
};

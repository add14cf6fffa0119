import { counted } from '#platform/text/plural.ts';
import { moveBalances } from '#portability/moving-in/move.ts';
import { command } from '../cli/command.ts';
import { unpairedText } from './moving-in-answers.ts';
import { moveOptions, movingInOptions } from './moving-in-options.ts';

await command({
  name: 'migrate:balance',
  summary:
    'Moves a single-tenant inventory in, part two: movements become entries and balances while the old program works.',
  description: [
    'The two halves of an old transfer become one entry. A half that stands alone becomes an adjustment, and is listed.',
    'In the end it compares every balance and every entry with the movements. Run it again whenever you like: it catches up',
    'with what the old program has written since.',
  ].join('\n'),
  options: movingInOptions,
  examples: [{ type: '', does: 'makes entries and balances, and proves them equal to the movements' }],
  run: async ({ options, ...context }) => {
    const { isMoving, runs, unpaired } = await moveBalances(await moveOptions(options, context));
    const applied = runs.flatMap((run) => run.applied);
    return {
      text: isMoving
        ? [
            `Applied ${counted(applied.length, 'migration')}. Balances and entries are equal to the movements, and the old program goes on working.`,
            ...unpairedText(unpaired),
            'Next: npm run migrate:all. It switches to the new program and ends the old one.',
          ].join('\n')
        : 'Nothing has to move in: this database has no rows of a single-tenant inventory.\nNext: npm run migrate:all',
      json: { isMoving, applied, unpaired },
    };
  },
});

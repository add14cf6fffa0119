import { proofs } from '#tests/prove/all/proofs.ts';
import { allHeld, proveAll } from '#tests/prove/all/prove-all.ts';
import { allText, oneText } from '#tests/prove/all/report.ts';
import { command } from '../cli/command.ts';
import { UsageError } from '../cli/failure.ts';
import * as option from '../cli/option.ts';

const names = proofs.map(({ name }) => name);

await command({
  name: 'prove',
  summary: 'Runs all proofs one after the other, and prints one table.',
  description: [
    'A proof attacks Stockade and counts what held: see `npm run prove:<name> -- --help`. All of them take more than an hour,',
    'most of it `tests`. Exit code 1 when one does not hold or could not run.',
  ].join('\n'),
  options: {
    only: option.several(option.choice(names, { description: 'run only this proof' })),
    skip: option.several(option.choice(names, { description: 'leave this proof out' })),
  },
  examples: [
    { type: '', does: 'runs all proofs' },
    { type: '--skip tests', does: 'leaves the longest one out' },
    { type: '--only faults --only recovery --json', does: 'runs two, and prints JSON' },
  ],
  run: async ({ options, signal, note }) => {
    const chosen = proofs.filter(
      ({ name }) =>
        (options.only.length === 0 || options.only.includes(name)) && !options.skip.includes(name),
    );
    if (chosen.length === 0) throw new UsageError('no proof is left', `The proofs are: ${names.join(', ')}.`);
    const results = await proveAll(chosen, {
      signal,
      onStart: (name) => note(`${name} …`),
      onResult: (result) => note(oneText(result)),
    });
    return { text: allText(results), json: results, failed: !allHeld(results) };
  },
});

import '#tests/prove/quiet.ts';
import { faults, held, isProven, proveFaults } from '#tests/prove/faults/proof.ts';
import { proofText, runText } from '#tests/prove/faults/report.ts';
import { sumOf, tallyOf } from '#tests/prove/tally.ts';
import { command } from '../cli/command.ts';
import { UsageError } from '../cli/failure.ts';
import * as option from '../cli/option.ts';

const width = Math.max(...faults.map(({ name }) => name.length)) + 2;

await command({
  name: 'prove:faults',
  summary:
    'Kills, cuts, stops and fills what Stockade runs on while clients write, and proves that nothing is lost or doubled.',
  description: [
    'On a temporary Postgres, clients of several organizations read and write over HTTP, and repeat with their Idempotency-Key',
    'what was not answered. Then one fault strikes. Afterwards an acknowledged write exists once, a refused one does not exist,',
    'an unknown one exists at most once; balances are the sums of movements, versions have no gap, a repetition has the same',
    'answer, a failure is a documented problem, and no answer shows another organization. The checker itself must find losses',
    'that are planted. It takes about five minutes. Exit code 1 when something is lost, doubled, wrong or not found.',
    '',
    'The faults:',
    ...faults.map(({ name, does }) => `  ${name.padEnd(width)}${does}`),
  ].join('\n'),
  options: {
    only: option.several(
      option.text({ description: 'only the faults with this text in their name', placeholder: 'text' }),
    ),
    runs: option.integer({ description: 'how often each fault strikes', default: 1, min: 1, max: 1_000 }),
    organizations: option.integer({
      description: 'the number of organizations',
      default: 4,
      min: 2,
      max: 50,
    }),
    clients: option.integer({ description: 'the clients of each organization', default: 2, min: 2, max: 20 }),
  },
  examples: [
    { type: '', does: 'lets every fault strike once, and prints a table' },
    { type: '--only commit --runs 20', does: 'breaks connections around COMMIT, twenty times each' },
    { type: '--only "disk full" --json', does: 'fills the disk, and prints JSON' },
  ],
  run: async ({ options, signal, note }) => {
    const wanted = options.only.map((text) => text.toLowerCase());
    const chosen = faults.filter(
      ({ name }) => wanted.length === 0 || wanted.some((text) => name.toLowerCase().includes(text)),
    );
    if (chosen.length === 0) {
      throw new UsageError(
        `no fault has ${options.only.map((text) => JSON.stringify(text)).join(' or ')} in its name`,
        `The faults are: ${faults.map(({ name }) => name).join(', ')}.`,
      );
    }
    note('Preparing …');
    const proof = await proveFaults({
      faults: chosen,
      runs: options.runs,
      organizations: options.organizations,
      clientsEach: options.clients,
      signal,
      onRun: (run) => note(runText(run)),
    });
    const tally = sumOf([tallyOf(proof.runs, held), tallyOf(proof.plants, ({ found }) => found)]);
    return { text: proofText(proof), json: { tally, ...proof }, failed: !isProven(proof) };
  },
});

import '#tests/prove/quiet.ts';
import { startProvingCluster } from '#tests/prove/cluster.ts';
import { ledgers } from '#tests/prove/plans/ledgers.ts';
import { provePlans, steps } from '#tests/prove/plans/proof.ts';
import { reasons } from '#tests/prove/plans/reasons.ts';
import { plansText, tallyOfPlans } from '#tests/prove/plans/report.ts';
import { command } from '../cli/command.ts';
import { UsageError } from '../cli/failure.ts';
import * as option from '../cli/option.ts';

await command({
  name: 'prove:plans',
  summary:
    'Reads the plan of every statement of every route and job, on databases of five sizes, and refuses those that depend on the size.',
  description: [
    'On a temporary Postgres it plants five databases: an empty one that was never analyzed, 2 organizations with 5,000 movements',
    'each, 10 with 100,000, one with 1,000,000, and 10,000 organizations. It sends requests to every route with every filter, runs',
    'every job, and takes the plans from auto_explain, those within functions and triggers included. A statement is refused when',
    'it reads a whole table, sorts or hashes more rows than a page has, looks at many more rows than a page shows, or has another',
    'plan elsewhere, unless tests/prove/plans/reasons.ts says why it may. It takes about ten minutes. Exit code 1 when a',
    'statement is refused, or a reason is not needed any more.',
  ].join('\n'),
  options: {
    only: option.text({
      description: 'only the steps with this text in their name',
      placeholder: 'text',
    }),
  },
  examples: [
    { type: '', does: 'proves every statement' },
    { type: '--only "GET /v1/movements"', does: 'only the list of movements, with each of its filters' },
    { type: '--json', does: 'prints every statement with its plans as JSON' },
  ],
  run: async ({ options, signal, note, progress }) => {
    const chosen = steps.filter(({ name }) => name.includes(options.only ?? ''));
    if (chosen.length === 0) {
      throw new UsageError(
        `no step has ${JSON.stringify(options.only)} in its name`,
        `Name a route of functions/routes.ts or a job: ${[...new Set(steps.map(({ of }) => of))].join(', ')}.`,
      );
    }
    await using cluster = await startProvingCluster();
    progress.start(ledgers.length * chosen.length, 'steps');
    const proof = await provePlans(cluster, {
      ledgers,
      only: options.only,
      signal,
      onLedger: (name) => note(`${name} …`),
      onStep: (done, total) => progress.update(done, total),
    });
    const tally = tallyOfPlans(proof);
    // Some of the steps do not need all of the reasons.
    const unused = options.only === undefined ? reasons.filter((reason) => !proof.used.includes(reason)) : [];
    return {
      text: [
        plansText(proof),
        ...unused.map(({ because }) => `no statement needs this reason any more: ${because}`),
      ].join('\n\n'),
      json: { tally, ...proof, unused },
      failed: tally.held < tally.tried || unused.length > 0,
    };
  },
});

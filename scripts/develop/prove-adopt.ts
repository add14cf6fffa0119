import { rm } from 'node:fs/promises';
import { startCluster } from '#scripts/local/postgres/cluster.ts';
import { makeScratchFolder } from '#scripts/local/postgres/scratch-folder.ts';
import { type AdoptionProof, holds, proveAdoption } from '#tests/prove/adopt/proof.ts';
import { adoptionProofText } from '#tests/prove/adopt/report.ts';
import { tallyOf } from '#tests/prove/tally.ts';
import { command } from '../cli/command.ts';
import * as option from '../cli/option.ts';

const fixtures = ['shop', 'tracker', 'prisma'] as const;

await command({
  name: 'prove:adopt',
  summary:
    'Adopts three applications of 100,000 rows while their clients work, and counts what fails and who waits.',
  description: [
    'On a temporary Postgres it fills a shop, a project tracker and an inventory as Prisma lays it out. Their clients write',
    'and read as they always did until the contract, and inside transactions that enter an organization from then on.',
    'Exit code 1 when a statement fails, one waits longer than the lock budget and 300 ms (and longer than without a',
    'migration), the isolation lint finds a fault, or a row is not seen by exactly one organization.',
  ].join('\n'),
  options: {
    only: option.several(option.choice(fixtures, { description: 'adopt only this application' })),
    clients: option.integer({ description: 'how many clients work at once', min: 1, max: 50, default: 8 }),
    rows: option.integer({
      description: 'about how many rows each has',
      min: 1_000,
      max: 10_000_000,
      default: 100_000,
    }),
  },
  examples: [
    { type: '', does: 'adopts all three' },
    { type: '--only prisma --rows 1000000', does: 'adopts one, with a million rows' },
  ],
  run: async ({ options, signal, note }) => {
    const directory = makeScratchFolder('prove-adopt');
    try {
      const cluster = await startCluster({ directory, durable: false });
      try {
        const proofs: AdoptionProof[] = [];
        for (const fixture of options.only.length > 0 ? options.only : fixtures) {
          signal.throwIfAborted();
          proofs.push(
            await proveAdoption(fixture, {
              clusterUrl: cluster.url,
              clients: options.clients,
              factor: options.rows / 100_000,
              signal,
              onStep: note,
            }),
          );
        }
        return {
          text: adoptionProofText(proofs),
          json: { tally: tallyOf(proofs, holds), proofs },
          failed: !proofs.every(holds),
        };
      } finally {
        await cluster.destroy();
      }
    } finally {
      await rm(directory, { recursive: true, force: true });
    }
  },
});

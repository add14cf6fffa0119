import './prove/quiet.ts';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { command } from './cli/command.ts';
import * as option from './cli/option.ts';
import { startLocalAws } from './local/aws/loopback.ts';
import { startProvingCluster } from './prove/cluster.ts';
import { faultClasses } from './prove/reconciliation/faults.ts';
import { proveFaults } from './prove/reconciliation/proof.ts';
import { proofText, resultText } from './prove/reconciliation/report.ts';

await command({
  name: 'prove:reconciliation',
  summary:
    'Breaks books in every way there is, and proves that each is found, named and treated as it must be.',
  description: [
    'On a Postgres of its own, as a superuser and behind the back of the product: balances written, triggers away,',
    'movements changed, seals tampered with. Each must be found at the right balances, with the right cause, and be',
    'corrected or left as the policy says, and nothing else may change. Exit code 1 when one is not.',
  ].join('\n'),
  options: {
    only: option.text({ description: 'only the classes whose name contains this', placeholder: 'text' }),
  },
  examples: [
    { type: '', does: 'proves every class and prints the table' },
    { type: '--only trigger', does: 'only those with a trigger' },
  ],
  run: async ({ options, signal, note }) => {
    const directory = await mkdtemp(join(tmpdir(), 'stockade-prove-aws-'));
    const aws = await startLocalAws({ directory });
    Object.assign(process.env, aws.env);
    try {
      await using cluster = await startProvingCluster();
      const proof = await proveFaults(cluster, {
        classes: faultClasses.filter(({ name }) => name.includes(options.only ?? '')),
        onResult: (result) => note(resultText(result)),
        signal,
      });
      return { text: proofText(proof), json: proof, failed: !proof.ok };
    } finally {
      await aws.close();
      await rm(directory, { recursive: true, force: true });
    }
  },
});

import '#tests/prove/quiet.ts';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { evidenceConfig } from '#platform/config.ts';
import { cloneDatabase } from '#tests/prove/clone.ts';
import { startProvingCluster } from '#tests/prove/cluster.ts';
import { faultClasses, type LoseEvidence } from '#tests/prove/reconciliation/faults.ts';
import { runUnderLoad } from '#tests/prove/reconciliation/load.ts';
import { proveFaults } from '#tests/prove/reconciliation/proof.ts';
import { loadText, proofText, resultText } from '#tests/prove/reconciliation/report.ts';
import { command } from '../cli/command.ts';
import { UsageError } from '../cli/failure.ts';
import * as option from '../cli/option.ts';
import { startLocalAws } from '../local/aws/loopback.ts';

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
    load: option.duration({
      description: 'then reconcile in a loop for this long, while everything that can be written is written',
      default: 0,
    }),
  },
  examples: [
    { type: '', does: 'proves every class and prints the table' },
    { type: '--only trigger', does: 'only those with a trigger' },
    { type: '--load 1m', does: 'proves every class, and a minute under load without a false alarm' },
  ],
  run: async ({ options, signal, note }) => {
    const classes = faultClasses.filter(({ name }) => name.includes(options.only ?? ''));
    if (classes.length === 0) {
      const names = faultClasses.map(({ name }) => name).join(', ');
      throw new UsageError(
        `no class has ${JSON.stringify(options.only)} in its name`,
        `There are: ${names}.`,
      );
    }
    const directory = await mkdtemp(join(tmpdir(), 'stockade-prove-aws-'));
    const aws = await startLocalAws({ directory });
    Object.assign(process.env, aws.env);
    try {
      await using cluster = await startProvingCluster();
      const { clusterUrl, template } = cluster;
      const loseEvidence: LoseEvidence = (key) => aws.s3.lose(evidenceConfig().bucket, key);
      const proof = await proveFaults(
        { clusterUrl, template, loseEvidence },
        {
          classes,
          onResult: (result) => note(resultText(result)),
          signal,
        },
      );
      if (options.load === 0) return { text: proofText(proof), json: proof, failed: !proof.ok };
      note(`reconciling for ${option.formatDuration(options.load)} under load …`);
      await using clone = await cloneDatabase(cluster.clusterUrl, cluster.template);
      const load = await runUnderLoad({ adminUrl: clone.url, logFile: cluster.logFile }, options.load);
      return {
        text: `${proofText(proof)}\n\n${loadText(load)}`,
        json: { ...proof, load },
        failed: !proof.ok || load.found > 0 || load.waits.length > 0,
      };
    } finally {
      await aws.close();
      await rm(directory, { recursive: true, force: true });
    }
  },
});

import '#tests/prove/quiet.ts';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { evidenceConfig } from '#platform/config.ts';
import { cloneDatabase } from '#tests/prove/clone.ts';
import { startProvingCluster } from '#tests/prove/cluster.ts';
import type { LoseEvidence } from '#tests/prove/reconciliation/fault-class.ts';
import { faultClasses } from '#tests/prove/reconciliation/faults.ts';
import { runUnderLoad } from '#tests/prove/reconciliation/load.ts';
import { loadText, resultsText, resultText } from '#tests/prove/reconciliation/report.ts';
import { proveFaults } from '#tests/prove/reconciliation/results.ts';
import { sealedRowClasses } from '#tests/prove/reconciliation/sealed-rows.ts';
import { tallyOf } from '#tests/prove/tally.ts';
import { command } from '../cli/command.ts';
import { UsageError } from '../cli/failure.ts';
import * as option from '../cli/option.ts';
import { startLocalAws } from '../local/aws/loopback.ts';

await command({
  name: 'prove:reconciliation',
  summary:
    'Damages ledgers in every known way, and proves that reconciliation finds, names and treats each fault correctly.',
  description: [
    'On a temporary Postgres, as superuser, it writes balances, removes triggers, changes movements and tampers with seals.',
    'Reconciliation must find each fault at the right balances, with the right cause, and correct it or leave it as the',
    'policy says. Nothing else may change. Then it changes every column of sealed rows, one at a time: verify:ledger must',
    'report each. Exit code 1 when one fault is not treated so.',
  ].join('\n'),
  options: {
    only: option.text({
      description: 'only the fault classes with this text in their name',
      placeholder: 'text',
    }),
    load: option.duration({
      description: 'then reconcile in a loop for this long, under full write load',
      default: 0,
    }),
  },
  examples: [
    { type: '', does: 'proves every fault class, and prints a table' },
    { type: '--only trigger', does: 'only the classes with a trigger' },
    { type: '--only sealed', does: 'only the changes of what is sealed' },
    {
      type: '--load 1m',
      does: 'proves every class, then reconciles for a minute under load: no false alarm may occur',
    },
  ],
  run: async ({ options, signal, note }) => {
    const isAsked = ({ name }: { readonly name: string }) => name.includes(options.only ?? '');
    const [classes, sealedRows] = [faultClasses.filter(isAsked), sealedRowClasses.filter(isAsked)];
    if (classes.length + sealedRows.length === 0) {
      const names = [...faultClasses, ...sealedRowClasses].map(({ name }) => name).join(', ');
      throw new UsageError(
        `no fault class has ${JSON.stringify(options.only)} in its name`,
        `The classes are: ${names}.`,
      );
    }
    const directory = await mkdtemp(join(tmpdir(), 'stockade-prove-aws-'));
    const aws = await startLocalAws({ directory });
    Object.assign(process.env, aws.env);
    try {
      await using cluster = await startProvingCluster();
      const { clusterUrl, template } = cluster;
      const loseEvidence: LoseEvidence = (key) => aws.s3.lose(evidenceConfig().bucket, key);
      const results = await proveFaults(
        { clusterUrl, template, loseEvidence },
        {
          classes,
          sealedRows,
          onResult: (result) => note(resultText(result)),
          signal,
        },
      );
      const tally = tallyOf(results.results, ({ faults }) => faults.length === 0);
      if (options.load === 0)
        return { text: resultsText(results), json: { tally, ...results }, failed: !results.ok };
      note(`Reconciling for ${option.formatDuration(options.load)} under load …`);
      await using clone = await cloneDatabase(cluster.clusterUrl, cluster.template);
      const load = await runUnderLoad({ adminUrl: clone.url, logFile: cluster.logFile }, options.load);
      return {
        text: `${resultsText(results)}\n\n${loadText(load)}`,
        json: { tally, ...results, load },
        failed: !results.ok || load.found > 0 || load.waits.length > 0,
      };
    } finally {
      await aws.close();
      await rm(directory, { recursive: true, force: true });
    }
  },
});

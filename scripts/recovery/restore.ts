import { Client } from 'pg';
import { connectNoted } from '#platform/postgres/connection-failures.ts';
import type { DrillWish } from '#recovery/drill/plan.ts';
import { spoken } from '#recovery/policy.ts';
import type { DBInstance } from '#recovery/rds/rds.ts';
import type { BesidePlan } from '#recovery/restore-beside.ts';
import { sealedAhead } from '#recovery/seals-ahead.ts';
import { useLocalAws } from '../cli/aws-environment.ts';
import { command } from '../cli/command.ts';
import { databaseOptions, findDatabaseUrl } from '../cli/database/database-url.ts';
import { UsageError } from '../cli/failure.ts';
import * as option from '../cli/option.ts';
import { carryOut, planRestore } from './beside-production.ts';
import { type CutOver, cutOverSteps, deletion, type Place, rollBackSteps } from './cut-over.ts';
import { outcomeText } from './drill-report.ts';

await command({
  name: 'restore',
  summary: 'Restores the database beside production, and proves the copy.',
  description: [
    'It restores a point in time or a snapshot into a new instance, proves it like a drill, and prints the commands that make',
    'it production and those that undo that. It changes nothing in production. After an interruption, the same command',
    'continues with the instance. Exit code 0 when everything was proven, 1 when a proof failed or could not run. The',
    'instance stays in both cases.',
  ].join('\n'),
  options: {
    at: option.instant({ description: 'the point in time, such as 2026-03-01T09:30:00Z' }),
    snapshot: option.text({ description: 'a snapshot instead of a point in time', placeholder: 'id' }),
    to: option.text({
      description: 'the name of the new instance',
      placeholder: 'name',
      required: true,
      pattern: /^[a-z](?!.*--)[a-z0-9-]{0,61}[a-z0-9]$/,
      expected: 'It must be lower-case letters, digits and single hyphens, at most 63.',
    }),
    dryRun: option.flag({ description: 'report what would be restored, and restore nothing' }),
    ...databaseOptions,
  },
  examples: [
    { type: '--at 2026-03-01T09:30:00Z --to stockade-0930', does: 'restores the database as of 9:30' },
    {
      type: '--snapshot rds:stockade-2026-03-01 --to stockade-march --dry-run',
      does: 'reports what it would do',
    },
  ],
  run: async ({ options, signal, note }) => {
    const wish = wishOf(options);
    const databaseUrl = await findDatabaseUrl(options);
    await useLocalAws(options);
    const planned = await planRestore(wish, options.to);
    const { plan, source, what } = planned;
    if (options.dryRun) {
      return {
        json: { dryRun: true, ...planJson(plan, source) },
        text: `Would ${plan.isBegun ? 'continue to restore' : 'restore'} ${what}. Nothing was done.`,
      };
    }
    const beside = await carryOut(planned, { databaseUrl, signal, note });
    const { proofs, url, availableAfterMs, provenAfterMs } = beside;
    const cutOver: CutOver = {
      production: placeOf(plan.production),
      restored: placeOf(beside.instance),
      databaseName: new URL(databaseUrl).pathname.slice(1),
      asOf: plan.asOf,
      // A damaged copy may not be able to answer.
      sealedAhead: await aheadOf(url).catch(() => undefined),
    };
    const steps = {
      cutOver: cutOverSteps(cutOver),
      rollBack: rollBackSteps(cutOver),
      discard: deletion(plan.name),
    };
    const times = { availableAfterMs, provenAfterMs };
    return {
      json: {
        ...planJson(plan, source),
        url,
        ...times,
        proofs,
        sealedAhead: cutOver.sealedAhead ?? null,
        steps,
      },
      text: [
        `${plan.name} contains ${plan.snapshot ?? source} as of ${plan.asOf} and is ${proofs.ok ? 'proven' : 'NOT proven'}: ` +
          `available after ${spoken(availableAfterMs)}, all proofs done after ${spoken(provenAfterMs)}.`,
        ...proofs.outcomes.filter(({ verdict }) => verdict !== 'passed').map(outcomeText),
        `Its URL, with a new password that is shown once: ${url}`,
        ...[
          '',
          'To restore one organization from it: npm run restore:org -- --org SLUG --from URL --dry-run',
        ],
        ...['', 'To make it production:', ...steps.cutOver],
        ...['', 'To undo that:', ...steps.rollBack],
        ...['', 'To delete it instead:', ...steps.discard],
      ].join('\n'),
      failed: !proofs.ok,
    };
  },
});

async function aheadOf(url: string): Promise<string[] | undefined> {
  const copy = new Client({ connectionString: url, application_name: 'stockade-command' });
  try {
    await connectNoted(copy);
    return await sealedAhead(copy);
  } finally {
    await copy.end();
  }
}

function wishOf({ at, snapshot }: { at: Date | undefined; snapshot: string | undefined }): DrillWish {
  if ((at === undefined) === (snapshot === undefined)) {
    throw new UsageError('either --at or --snapshot must name the source', 'Pass one of them.');
  }
  return at === undefined ? { kind: 'snapshot', snapshot } : { kind: 'point-in-time', at };
}

function planJson({ name, snapshot, asOf, isBegun }: BesidePlan, source: string) {
  return { source, name, snapshot, asOf, isBegun };
}

function placeOf({ DBInstanceIdentifier, DBInstanceArn, Endpoint, DbiResourceId }: DBInstance): Place {
  return {
    instance: DBInstanceIdentifier ?? '',
    arn: DBInstanceArn ?? '',
    host: Endpoint?.Address ?? '',
    port: Endpoint?.Port ?? 5432,
    resourceId: DbiResourceId ?? '',
  };
}

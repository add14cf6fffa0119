import { MissingSetting } from '#platform/errors.ts';
import { lastDrill } from '#recovery/drill/records.ts';
import type { InJobs } from '#recovery/in-jobs.ts';
import { checkBackups, monitorBackups } from '#recovery/monitor/monitor.ts';
import { useLocalAws } from '../cli/aws-environment.ts';
import { command } from '../cli/command.ts';
import { withRole } from '../cli/database/connect.ts';
import { databaseOptions, findDatabaseUrl } from '../cli/database/database-url.ts';
import { CommandError } from '../cli/failure.ts';
import * as option from '../cli/option.ts';
import { findBackedUp } from './monitor/backed-up.ts';
import { countsOf, resultsText } from './monitor/report.ts';

await command({
  name: 'monitor:backups',
  summary:
    'Looks whether the backups are what was promised: fresh, kept, encrypted, private, restored and proven.',
  description: [
    'On AWS this runs every hour and tells whoever is on call what has changed. Here it looks, and tells only you. Without an',
    'instance or a cluster the database is one that runs elsewhere than on RDS: it says which checks do not apply then, and',
    'counts them with none. Exit code 1 when a check fails or could not run. docs/runbook has a page for each check.',
  ].join('\n'),
  options: {
    instance: option.text({
      description: 'the RDS instance of the database (else: as the environment or the local platform says)',
      placeholder: 'identifier',
    }),
    cluster: option.text({ description: 'the Aurora cluster, in its place', placeholder: 'identifier' }),
    copyRegion: option.text({
      description: 'the region that backups are copied to, or none',
      placeholder: 'region',
      pattern: /^(none|[a-z]{2}(-[a-z]+)+-\d)$/,
      expected: 'It must be a region of AWS, such as eu-west-1, or none.',
    }),
    alert: option.flag({
      description:
        'tell whoever is on call what has changed since the last run, as the job does: for a schedule of your own',
    }),
    ...databaseOptions,
  },
  examples: [
    { type: '', does: 'looks at the backups of the local platform' },
    {
      type: '--instance stockade-prod --copy-region eu-west-1 --database-url postgres://…',
      does: 'looks at an RDS instance, with your AWS credentials',
    },
    {
      type: '--database-url postgres://… --json',
      does: 'looks at a Postgres that runs elsewhere, for a program',
    },
  ],
  run: async ({ options }) => {
    const databaseUrl = await urlOf(options);
    if (databaseUrl instanceof CommandError) {
      // An instance can be looked at without it, and what needs the database says that it could not run.
      if (options.instance === undefined && options.cluster === undefined) throw databaseUrl;
    } else await useLocalAws(options);
    const rds = findBackedUp(options);
    const monitor = { rds, inJobs: inJobsOf(databaseUrl), lastDrill };
    const report = options.alert ? await monitorBackups(monitor) : { results: await checkBackups(monitor) };
    const counts = countsOf(report.results);
    return {
      text: resultsText(report.results, rds ? `the ${rds.kind} ${rds.identifier}` : 'a Postgres beyond RDS'),
      json: { database: rds ? { kind: rds.kind, identifier: rds.identifier } : null, counts, ...report },
      failed: counts.fail + counts.could_not_run > 0,
    };
  },
});

async function urlOf(options: Parameters<typeof findDatabaseUrl>[0]): Promise<string | CommandError> {
  try {
    return await findDatabaseUrl(options);
  } catch (error) {
    if (error instanceof CommandError) return error;
    throw error;
  }
}

function inJobsOf(databaseUrl: string | CommandError): InJobs {
  return async (work) => {
    if (databaseUrl instanceof CommandError) throw new MissingSetting(databaseUrl.message);
    return await withRole(databaseUrl, 'stockade_jobs', work);
  };
}

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
  summary: 'Checks the backups: fresh, kept long enough, encrypted, private, restored and proven.',
  description: [
    'On AWS this runs every hour and alerts on changes. This command reports only to you. Without an instance or a cluster,',
    'the database runs outside RDS: checks that do not apply there are listed separately, and do not count as passed.',
    'Exit code 1 when a check fails or could not run. docs/runbook has a page for each check.',
  ].join('\n'),
  options: {
    instance: option.text({
      description: 'the RDS instance of the database (default: from the environment or the local platform)',
      placeholder: 'identifier',
    }),
    cluster: option.text({
      description: 'the Aurora cluster of the database, instead of an instance',
      placeholder: 'identifier',
    }),
    copyRegion: option.text({
      description: 'the region that receives copies of the backups, or none',
      placeholder: 'region',
      pattern: /^(none|[a-z]{2}(-[a-z]+)+-\d)$/,
      expected: 'It must be an AWS region such as eu-west-1, or none.',
    }),
    alert: option.flag({
      description:
        'send alerts about changes since the last run, as the job does: for a schedule of your own',
    }),
    ...databaseOptions,
  },
  examples: [
    { type: '', does: 'checks the backups of the local platform' },
    {
      type: '--instance stockade-prod --copy-region eu-west-1 --database-url postgres://…',
      does: 'checks an RDS instance, with your AWS credentials',
    },
    {
      type: '--database-url postgres://… --json',
      does: 'checks a Postgres outside RDS, as JSON',
    },
  ],
  run: async ({ options }) => {
    const databaseUrl = await urlOf(options);
    if (databaseUrl instanceof CommandError) {
      // The checks of an instance need no database; the others then report that they could not run.
      if (options.instance === undefined && options.cluster === undefined) throw databaseUrl;
    } else await useLocalAws(options);
    const rds = findBackedUp(options);
    const monitor = { rds, inJobs: inJobsOf(databaseUrl), lastDrill };
    const report = options.alert ? await monitorBackups(monitor) : { results: await checkBackups(monitor) };
    const counts = countsOf(report.results);
    return {
      text: resultsText(report.results, rds ? `the ${rds.kind} ${rds.identifier}` : 'a Postgres outside RDS'),
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

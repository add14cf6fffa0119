import { tidy, tidyPolicy } from '#ledger/tidy.ts';
import { counted } from '#platform/text/plural.ts';
import { command } from '../cli/command.ts';
import { withRole } from '../cli/database/connect.ts';
import { databaseOptions, findDatabaseUrl } from '../cli/database/database-url.ts';
import { dryRunDescription } from '../cli/dry-run.ts';
import * as option from '../cli/option.ts';
import { findOrganization } from '../org/find.ts';
import { tidiedAnswer } from './answers.ts';

const { idempotencyKeyHours, securityEventDays } = tidyPolicy;

await command({
  name: 'tidy',
  summary: 'Deletes expired idempotency keys and security events, and closes expired reservations.',
  description:
    `Idempotency keys expire after ${counted(idempotencyKeyHours, 'hour')}, security events after ${counted(securityEventDays, 'day')}. ` +
    'A reservation holds nothing from the moment it expires; closing it only takes it out of the way. ' +
    'On AWS this runs every day. It skips suspended organizations. After an interruption, run it again to continue.',
  options: {
    org: option.text({ description: 'only this organization, by its slug', placeholder: 'slug' }),
    dryRun: option.flag({ description: dryRunDescription }),
    ...databaseOptions,
  },
  examples: [
    { type: '--dry-run', does: 'counts what would be deleted and closed' },
    { type: '--org acme', does: 'tidies up acme, even if it is suspended' },
  ],
  run: async ({ options, signal, progress }) => {
    const { org, dryRun } = options;
    const databaseUrl = await findDatabaseUrl(options);
    const organization =
      org === undefined
        ? undefined
        : (await withRole(databaseUrl, 'stockade_admin', (admin) => findOrganization(admin, org))).id;
    let started = false;
    const tidied = await withRole(databaseUrl, 'stockade_jobs', (jobs) =>
      tidy(jobs, {
        organization,
        trial: dryRun,
        isTimeOver: () => signal.aborted,
        onProgress: (done, total) => {
          if (!started) progress.start(total, 'organizations');
          started = true;
          progress.update(done);
        },
      }),
    );
    return tidiedAnswer(tidied, dryRun);
  },
});

import { basename } from 'node:path';
import type pg from 'pg';
import { importFile } from '#ledger/imports/import-file.ts';
import { type ImportProfile, profileDigest } from '#ledger/imports/lines/profile.ts';
import {
  type OrganizationDirectory,
  oneOrganization,
  organizationsByName,
} from '#ledger/imports/organizations.ts';
import type { Reject } from '#ledger/imports/rejects.ts';
import { Problem } from '#platform/errors.ts';
import { command } from '../cli/command.ts';
import { withRole, withRoles } from '../cli/database/connect.ts';
import { databaseOptions, findDatabaseUrl } from '../cli/database/database-url.ts';
import { CommandError, UsageError } from '../cli/failure.ts';
import * as option from '../cli/option.ts';
import { asUsageError, profileHelp, readProfile } from './import/profile-file.ts';
import { createRejectsFile, rejectsPath } from './import/rejects-file.ts';
import { importAnswer } from './import/report.ts';
import { openSourceFile } from './import/source-file.ts';

const shownRejects = 5;

/** How many organizations are posted at the same time. One keeps a processor of the database busy. */
const connections = 4;

await command({
  name: 'import',
  summary: 'Imports a CSV or CSV.gz file of any size into the ledger.',
  description: profileHelp,
  arguments: {
    file: option.path({ description: 'the CSV file in UTF-8, plain or gzipped', required: true }),
  },
  options: {
    profile: option.path({
      description: 'the JSON file that maps the columns',
      placeholder: 'file',
      required: true,
    }),
    org: option.text({
      description: 'the organization of every line, if the profile names no column for it',
      placeholder: 'slug',
    }),
    createOrganizations: option.flag({
      description: 'create missing organizations, without an API key',
    }),
    createItems: option.flag({ description: 'create missing items and locations' }),
    rejects: option.path({
      description: 'the file for rejected lines (default: FILE.rejects.csv beside the file)',
      placeholder: 'file',
    }),
    retryRejects: option.flag({ description: 'try the lines again that an earlier run rejected' }),
    again: option.flag({
      description: 'import the file again, although it was imported with another profile',
    }),
    batchLines: option.integer({
      description: 'lines per transaction, roughly',
      min: 1,
      max: 50_000,
      default: 5_000,
    }),
    dryRun: option.flag({
      description: 'check every line, against the database too, and write nothing',
    }),
    ...databaseOptions,
  },
  examples: [
    {
      type: 'orders.csv.gz --profile orders.profile.json --create-organizations --create-items --dry-run',
      does: 'reports what would be applied, created and rejected',
    },
    {
      type: 'orders.csv.gz --profile orders.profile.json --create-organizations --create-items',
      does: 'imports it; after an interruption, the same command continues',
    },
    { type: 'stock.csv --profile stock.profile.json --org acme', does: 'imports into acme' },
  ],
  run: async ({ arguments: { file }, options, signal, progress, note }) => {
    const profile = await readProfile(options.profile);
    checkOrganization(profile, options);
    const databaseUrl = await findDatabaseUrl(options);
    let header: readonly string[] = [];
    // A dry run writes a rejects file only on request.
    const rejectsFile =
      options.dryRun && options.rejects === undefined
        ? undefined
        : await createRejectsFile(options.rejects ?? (await rejectsPath(file)), {
            delimiter: profile.delimiter,
            header: () => header,
          });
    const firstRejects: Reject[] = [];

    const startedAtMs = performance.now();
    note(`Reading ${file} …`);
    const source = await openSourceFile(file, signal);
    try {
      const report = await withRole(databaseUrl, 'stockade_admin', (admin) =>
        withRoles(databaseUrl, 'stockade_jobs', connections, async (jobs) => {
          const organizations = await findOrganizations(admin, profile, options);
          progress.start(source.lineCount, 'lines');
          return await importFile({
            source: source.read(),
            fileName: basename(file),
            fileDigest: source.digest,
            profile,
            profileDigest: profileDigest(profile),
            createMissing: options.createItems,
            retryRejects: options.retryRejects,
            trial: options.dryRun,
            again: options.again,
            batchLines: options.batchLines,
            jobs,
            organizations,
            rejects: async (reject) => {
              if (firstRejects.length < shownRejects) firstRejects.push(reject);
              await rejectsFile?.write(reject);
            },
            signal,
            onHeader: (columns) => {
              header = columns;
            },
            onProgress: (line) => progress.update(line),
          });
        }),
      );
      await (report.finished ? rejectsFile?.finish() : rejectsFile?.discard());
      return importAnswer(report, {
        dryRun: options.dryRun,
        retryRejects: options.retryRejects,
        durationMs: performance.now() - startedAtMs,
        rejectsPath: report.finished && report.rejected > 0 ? rejectsFile?.path : undefined,
        firstRejects,
      });
    } catch (error) {
      await rejectsFile?.discard();
      throw explained(error);
    } finally {
      await source.close();
    }
  },
});

function explained(error: unknown): unknown {
  if (error instanceof Problem && error.code === 'imported_otherwise') {
    return new CommandError(
      error.message,
      'Continue with that profile, or pass --again to post the lines of the file a second time.',
      { cause: error },
    );
  }
  return asUsageError(error);
}

function checkOrganization(profile: ImportProfile, { org }: { org: string | undefined }): void {
  if (org !== undefined && profile.organization) {
    throw new UsageError(
      '--org and the organization of the profile exclude each other',
      'Omit --org to read it from the column, or remove the organization from the profile.',
    );
  }
  if (org === undefined && !profile.organization) {
    throw new UsageError(
      'neither --org nor the profile names the organization',
      'Pass --org, or name a column in the profile: "organization": { "column": "…" }.',
    );
  }
}

async function findOrganizations(
  admin: pg.ClientBase,
  profile: ImportProfile,
  options: { org: string | undefined; createOrganizations: boolean; dryRun: boolean },
): Promise<OrganizationDirectory> {
  const byName = organizationsByName(admin, {
    create: options.createOrganizations,
    trial: options.dryRun,
    values: profile.organization?.values,
  });
  if (options.org === undefined) return byName;
  const found = await byName.find(options.org);
  if ('fault' in found) throw new CommandError(found.fault);
  return oneOrganization(found, byName);
}

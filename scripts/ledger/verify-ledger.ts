import type { Client } from 'pg';
import type { Seal } from '#audit/seals/seal.ts';
import { verifyLedger } from '#audit/seals/verify-ledger.ts';
import { counted } from '#platform/text/plural.ts';
import { inOrganizationAsJob } from '#tenancy/job-transaction.ts';
import { useLocalAws } from '../cli/aws-environment.ts';
import { command } from '../cli/command.ts';
import { withRole } from '../cli/database/connect.ts';
import { databaseOptions, findDatabaseUrl } from '../cli/database/database-url.ts';
import * as option from '../cli/option.ts';
import { type VerifiedOrganization, verifiedAnswer } from './answers.ts';
import { findOrganizations } from './reconcile/organizations.ts';

await command({
  name: 'verify:ledger',
  summary: 'Recomputes every seal, and names every movement that was altered, removed or inserted.',
  description: [
    'It reads one snapshot of the database, and writers go on. It compares movements, closing balances, the chain of seals',
    'and the anchors in the evidence bucket. Movements after the last seal are counted, not verified.',
    'Exit code 0 when everything agrees, 1 when something does not, or could not be compared.',
  ].join('\n'),
  options: {
    org: option.text({ description: 'only this organization (default: all)', placeholder: 'slug' }),
    ...databaseOptions,
  },
  examples: [
    { type: '', does: 'verifies the ledger of every organization' },
    { type: '--org acme', does: 'verifies the ledger of acme' },
    { type: '--org acme --json', does: 'the same as JSON' },
  ],
  run: async ({ options, signal, progress, note }) => {
    const databaseUrl = await findDatabaseUrl(options);
    await useLocalAws(options);
    const found = await findOrganizations(databaseUrl, options.org);
    const reports = await withRole(databaseUrl, 'stockade_jobs', async (jobs) => {
      const verified: VerifiedOrganization[] = [];
      for (const { id, slug } of found) {
        const total = await sealedMovements(jobs, id);
        note(`Verifying ${counted(total, 'sealed movement')} of ${slug} …`);
        progress.start(total, 'movements');
        let done = 0;
        const onSeal = ({ movements }: Seal) => {
          done += movements;
          progress.update(done);
        };
        try {
          verified.push({ organization: slug, ...(await verifyLedger(jobs, id, { signal, onSeal })) });
        } catch (error) {
          // One ledger that cannot be verified is named, and the others are verified all the same.
          if (signal.aborted || options.org !== undefined) throw error;
          await jobs.query('select');
          verified.push({ organization: slug, ok: false, error: (error as Error).message });
        } finally {
          progress.stop();
        }
      }
      return verified;
    });
    return verifiedAnswer(reports, options.org !== undefined);
  },
});

async function sealedMovements(jobs: Client, orgId: string): Promise<number> {
  const [sealed] = await inOrganizationAsJob<{ n: string }>(jobs, orgId, 'read', {
    text: 'select coalesce(sum(movements), 0) as n from inventory.seals where org_id = $1',
    values: [orgId],
  });
  return Number(sealed?.n);
}

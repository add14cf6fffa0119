import type { Client } from 'pg';
import type { Seal } from '#audit/seals/seal.ts';
import { verifyLedger } from '#audit/seals/verify-ledger.ts';
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
  summary: 'Makes every seal anew and names what was altered, missing or inserted.',
  description: [
    'It reads one snapshot of the database while writers go on, and compares movements, closing balances, the chain of seals',
    'and the anchors in the evidence bucket. What is behind the last seal is counted, not proven.',
    'Exit code 0 when all of it fits, 1 when something does not or could not be compared.',
  ].join('\n'),
  options: {
    org: option.text({ description: 'only this organization (else: all of them)', placeholder: 'slug' }),
    ...databaseOptions,
  },
  examples: [
    { type: '', does: 'verifies the ledger of every organization' },
    { type: '--org acme', does: 'verifies the ledger of acme' },
    { type: '--org acme --json', does: 'the same as the one before, for a program' },
  ],
  run: async ({ options, signal, progress, note }) => {
    const databaseUrl = await findDatabaseUrl(options);
    await useLocalAws(options);
    const found = await findOrganizations(databaseUrl, options.org);
    const reports = await withRole(databaseUrl, 'stockade_jobs', async (jobs) => {
      const verified: VerifiedOrganization[] = [];
      for (const { id, slug } of found) {
        const total = await sealedMovements(jobs, id);
        note(`Verifying ${total} sealed movements of ${slug} …`);
        progress.start(total, 'movements');
        let done = 0;
        const onSeal = ({ movements }: Seal) => {
          done += movements;
          progress.update(done);
        };
        verified.push({ organization: slug, ...(await verifyLedger(jobs, id, { signal, onSeal })) });
        progress.stop();
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

import { createHash } from 'node:crypto';
import { Readable } from 'node:stream';
import { Client } from 'pg';
import { reconcileOrganization } from '#audit/reconciliation/reconcile.ts';
import { takeLease } from '#audit/reconciliation/runs/lease.ts';
import { sealOrganization } from '#audit/seals/seal-organization.ts';
import { importFile } from '#ledger/imports/import-file.ts';
import { parseProfile, profileDigest } from '#ledger/imports/lines/profile.ts';
import { oneOrganization } from '#ledger/imports/organizations.ts';
import { Problem } from '#platform/errors.ts';
import { loginUrl } from '#scripts/local/logins.ts';

/** Steps that jobs and commands take for an organization, in contrast to its own requests. */
export const jobSteps = ['import a file', 'seal', 'reconcile'] as const;

export type JobStep = (typeof jobSteps)[number];

export function isJobStep(route: string): route is JobStep {
  return (jobSteps as readonly string[]).includes(route);
}

/** The profile of the imported files. */
const profile = parseProfile({
  sku: { column: 'sku' },
  quantity: { column: 'qty', sign: 'in' },
  location: { column: 'place' },
  reference: { column: 'ref' },
});

const timeMs = 60_000;

export interface Jobs {
  /** Takes the step for an organization. Returns the report that the person who started it sees. */
  run(
    step: JobStep,
    organization: { readonly id: string; readonly slug: string },
    body: unknown,
  ): Promise<object>;
  close(): Promise<void>;
}

/** Connects as stockade_jobs to the database of a world. */
export async function openJobs(adminUrl: string): Promise<Jobs> {
  const jobs = new Client(loginUrl(adminUrl, 'stockade_jobs'));
  await jobs.connect();
  return {
    async run(step, organization, body) {
      try {
        if (step === 'import a file') return await importText(jobs, organization, String(body));
        if (step === 'seal') {
          const { seals, reason } = await sealOrganization(jobs, organization.id);
          return { seals, reason };
        }
        return await reconcile(jobs, organization.id);
      } catch (error) {
        if (!(error instanceof Problem)) throw error;
        return { refused: error.code, message: error.message };
      }
    },
    close: () => jobs.end(),
  };
}

async function importText(jobs: Client, organization: { id: string; slug: string }, text: string) {
  const rejects: { line: number; reason: string }[] = [];
  const report = await importFile({
    fileName: 'proof.csv',
    fileDigest: createHash('sha256').update(text).digest(),
    profileDigest: profileDigest(profile),
    profile,
    createMissing: true,
    retryRejects: false,
    trial: false,
    again: false,
    batchLines: 100,
    organizations: oneOrganization(organization),
    jobs: [jobs],
    source: Readable.from([Buffer.from(text)]),
    rejects: async (reject) => {
      rejects.push(reject);
    },
  });
  return { ...report, rejects };
}

async function reconcile(jobs: Client, orgId: string) {
  const lease = await takeLease(jobs, orgId);
  if (!lease) return { refused: 'leased' };
  const endsAtMs = performance.now() + timeMs;
  const { keysChecked, movementsRead, found, corrected, alerted, discrepancies, clean } =
    await reconcileOrganization(jobs, lease, {
      kind: 'full',
      time: { remainingMs: () => endsAtMs - performance.now() },
    });
  return { keysChecked, movementsRead, found, corrected, alerted, discrepancies, clean };
}

import type pg from 'pg';
import { applyRun } from '#audit/reconciliation/apply.ts';
import { previewRun } from '#audit/reconciliation/preview.ts';
import { type RunReport, reconcileOrganization } from '#audit/reconciliation/reconcile.ts';
import { readLabels } from '#audit/reconciliation/runs/labels.ts';
import { takeLease } from '#audit/reconciliation/runs/lease.ts';
import { sendDiscrepancyAlert } from '#audit/reconciliation/runs/send-alerts.ts';
import { type SealResult, sealOrganization } from '#audit/seals/seal-organization.ts';
import { useLocalAws } from '../cli/aws-environment.ts';
import { command } from '../cli/command.ts';
import { withRole } from '../cli/database/connect.ts';
import { databaseOptions, findDatabaseUrl } from '../cli/database/database-url.ts';
import { dryRunDescription } from '../cli/dry-run.ts';
import { UsageError } from '../cli/failure.ts';
import * as option from '../cli/option.ts';
import { isLeft } from './answers.ts';
import { attempt } from './reconcile/attempt.ts';
import { findOrganizations, type Organization } from './reconcile/organizations.ts';
import { appliedOutcome, type Outcome, previewOutcome, runOutcome, type Sealed } from './reconcile/report.ts';
import { patienceMs, waitForLease } from './reconcile/wait-for-lease.ts';

const uuid = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

await command({
  name: 'reconcile:balances',
  summary: 'Compares balances with their movements, and corrects small differences.',
  description: [
    'It compares every balance with its last closing balance and the movements after it, and one thirtieth of the items from',
    'their first movement on. With --full it compares everything from there. It corrects small differences in the balance,',
    'never in the ledger. It leaves the others and raises an alert: --apply RUN corrects them, after a new check. When all',
    'balances agree, it seals the ledger.',
    'Exit code 1 when a difference, a movement that is not sealed or a seal that is not anchored was left.',
    'docs/RECONCILIATION.md describes the policy and the causes.',
  ].join('\n'),
  options: {
    org: option.text({ description: 'only this organization (default: all)', placeholder: 'slug' }),
    full: option.flag({ description: 'compare everything, from the first movement' }),
    apply: option.text({
      description: 'correct the balances that this run left',
      placeholder: 'run',
      pattern: uuid,
      expected: 'It must be the id of a run, from the alert.',
    }),
    dryRun: option.flag({ description: dryRunDescription }),
    ...databaseOptions,
  },
  examples: [
    { type: '--org acme --full --dry-run', does: 'shows which balances of acme differ, and why' },
    { type: '--org acme', does: 'reconciles acme as the daily job does' },
    {
      type: '--org acme --apply 0197b6b2-1c1e-7a30-9d2f-3a5e0c7b1d42',
      does: 'corrects the balances that this run left',
    },
  ],
  run: async ({ options, signal, note }) => {
    const { org, full, apply, dryRun } = options;
    if (apply !== undefined && org === undefined) {
      throw new UsageError('--apply needs the organization of the run', 'Pass --org.');
    }
    if (apply !== undefined && full) throw new UsageError('--apply and --full exclude each other');
    const databaseUrl = await findDatabaseUrl(options);
    await useLocalAws(options);
    const organizations = await findOrganizations(databaseUrl, org);
    const outcomes: Outcome[] = [];
    await withRole(databaseUrl, 'stockade_jobs', async (jobs) => {
      for (const organization of organizations) {
        // Report the organizations that are done.
        if (signal.aborted) break;
        const outcome = await attempt(organization, org !== undefined, async () => {
          if (apply !== undefined) return await applyOf(jobs, organization, apply, dryRun, signal);
          if (dryRun) return await previewOf(jobs, organization, full);
          return await reconcileOf(jobs, organization, full, org !== undefined, signal, note);
        });
        outcomes.push(outcome);
      }
    });
    return {
      text: outcomes.map(({ text }) => text).join('\n') || 'There are no organizations yet.',
      json: org === undefined ? outcomes.map(({ json }) => json) : outcomes[0]?.json,
      failed: outcomes.some(({ failed }) => failed),
    };
  },
});

async function applyOf(
  jobs: pg.ClientBase,
  { id, slug }: Organization,
  runId: string,
  dryRun: boolean,
  signal: AbortSignal,
): Promise<Outcome> {
  const applied = await applyRun(jobs, id, runId, { dryRun, signal });
  const label = await readLabels(
    jobs,
    id,
    applied.map(({ discrepancy }) => discrepancy),
  );
  return appliedOutcome(slug, applied, dryRun, label);
}

async function previewOf(jobs: pg.ClientBase, { id, slug }: Organization, full: boolean): Promise<Outcome> {
  const preview = await previewRun(jobs, id, full ? 'full' : 'daily');
  return previewOutcome(slug, preview, await readLabels(jobs, id, preview.differences));
}

async function reconcileOf(
  jobs: pg.ClientBase,
  organization: Organization,
  full: boolean,
  waits: boolean,
  signal: AbortSignal,
  note: (line: string) => void,
): Promise<Outcome> {
  const { id, slug } = organization;
  // Wait only for an organization that the user named.
  const lease = waits
    ? await waitForLease(jobs, organization, { patienceMs, signal, note })
    : await takeLease(jobs, id);
  if (!lease) {
    return {
      text: `${slug}: another run is reconciling it`,
      json: { organization: slug, taken: true },
      failed: false,
    };
  }
  const report = await reconcileOrganization(jobs, lease, {
    kind: full ? 'full' : 'daily',
    time: { remainingMs: () => Number.POSITIVE_INFINITY },
    signal,
    onAlert: (left) => alertOperators(jobs, organization, left, note),
  });
  const label = await readLabels(jobs, id, report.discrepancies);
  return runOutcome(slug, report, report.clean ? await seal(jobs, id, signal) : undefined, label);
}

/** Alerts as the job does. A failed alert is not a failure here: the user sees the result in any case. */
async function alertOperators(
  jobs: pg.ClientBase,
  organization: Organization,
  left: RunReport,
  note: (line: string) => void,
): Promise<void> {
  try {
    await sendDiscrepancyAlert(jobs, organization, left);
  } catch (error) {
    note(`${organization.slug}: no alert was sent: ${(error as Error).message}`);
  }
}

async function seal(jobs: pg.ClientBase, orgId: string, signal: AbortSignal): Promise<Sealed> {
  const result = await sealOrganization(jobs, orgId, { signal });
  return { text: sealText(result), isLeft: isLeft(result) };
}

function sealText({ seals, reason, anchoring }: SealResult): string {
  const anchors = anchoring.failure ? `, not anchored yet (${anchoring.failure.message})` : '';
  if (seals.length > 0) return `sealed up to seal ${seals.at(-1)?.seq}${anchors}`;
  return reason === 'busy' ? 'not sealed, the writers never paused' : `nothing new to seal${anchors}`;
}

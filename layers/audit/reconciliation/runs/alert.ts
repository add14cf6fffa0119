import type { Alert } from '#platform/alerts.ts';
import { type BalanceKey, causesOfHistory, type Discrepancy, driftOf, type Figures } from '../discrepancy.ts';
import type { RunReport } from '../reconcile.ts';
import type { TriggerFault } from '../triggers.ts';
import { type BalanceLabel, labelText } from './labels.ts';

const runbook = 'docs/runbook/balance-discrepancy.md';

/** How many differences the text of an alert shows; its facts have all that are kept. */
const shown = 20;

/** What somebody has to look at, of one run: the figures, the causes, and what to type. */
export function discrepancyAlert(
  { slug, id }: { readonly slug: string; readonly id: string },
  report: RunReport,
  label: (key: BalanceKey) => BalanceLabel,
): Alert {
  const left = report.discrepancies.filter(({ action }) => action === 'alerted');
  const balances = left.filter(({ item }) => item !== '').length;
  const unread = left.filter(({ detail }) => detail.couldNotRun).length;
  const what = [
    ...(balances > 0
      ? [`${balances === 1 ? '1 balance differs' : `${balances} balances differ`} from the movements`]
      : []),
    ...(left.length > balances + unread ? ['the seals are not what they were'] : []),
    ...(unread > 0 ? ['the seals could not be held against their anchors'] : []),
  ].join(', and ');
  const lines = left.slice(0, shown).map((each) => `  ${discrepancyText(each, label)}`);
  const more = left.length > shown ? [`  and ${left.length - shown} more`] : [];
  return {
    name: 'BalanceDiscrepancy',
    severity: unread === left.length ? 'warning' : 'critical',
    summary: `${slug}: ${what}`,
    detail: [
      `In ${slug} (${id}) ${what}. Nothing was changed about that.`,
      `Run ${report.runId} (${report.kind}) compared ${report.keysChecked} keys and ${report.movementsRead} movements; ${report.found} differed, ${report.corrected} corrected.`,
      ...report.triggerFaults.map(triggerText),
      '',
      ...lines,
      ...more,
      '',
      ...(left.some(isApplicable)
        ? [
            'To see what would be done about it:',
            `  ${applyCommand(slug, report.runId)} --dry-run`,
            'To make these balances what their movements say:',
            `  ${applyCommand(slug, report.runId)}`,
            ...(left.some((each) => isApplicable(each) && each.cause === 'unknown')
              ? ['Where the cause is unknown, look at the movements first: it may be they that are wrong.']
              : []),
          ]
        : []),
      ...(left.every(isApplicable)
        ? []
        : ['To see what was altered, is missing or was inserted:', `  ${verifyCommand(slug)}`]),
    ].join('\n'),
    runbook,
    facts: {
      organizationId: id,
      organization: slug,
      runId: report.runId,
      kind: report.kind,
      keysChecked: report.keysChecked,
      movementsRead: report.movementsRead,
      found: report.found,
      corrected: report.corrected,
      alerted: report.alerted,
      triggerFaults: report.triggerFaults,
      discrepancies: left.map(({ stored, computed, cause, detail, ...key }) => ({
        ...(key.item ? label(key) : {}),
        stored: stored ?? null,
        computed,
        cause,
        detail,
      })),
      ...(left.some(isApplicable)
        ? {
            preview: `${applyCommand(slug, report.runId)} --dry-run`,
            apply: applyCommand(slug, report.runId),
          }
        : {}),
      ...(left.every(isApplicable) ? {} : { verify: verifyCommand(slug) }),
    },
  };
}

/** Whether `--apply` may put it right: it is about a balance, and its movements were not changed. */
export function isApplicable({ item, cause }: Discrepancy): boolean {
  return item !== '' && !(cause !== undefined && causesOfHistory.includes(cause));
}

/** Triggers of the ledger that are not as they must be: one alert for the database, however many organizations are in it. */
export function triggerAlert(faults: readonly TriggerFault[]): Alert {
  return {
    name: 'LedgerTriggerUnhealthy',
    severity: 'critical',
    summary: `${faults.length === 1 ? 'A trigger' : `${faults.length} triggers`} of the ledger: not as they must be`,
    detail: [
      'Until they are put right, movements may not reach their balances, and no balance is corrected and nothing sealed.',
      '',
      ...faults.map((fault) => `  ${triggerText(fault)}`),
      '',
      'To see what they are and how to put them right:',
      '  npm run validate:isolation',
    ].join('\n'),
    runbook,
    facts: { triggerFaults: faults },
  };
}

/** What went wrong with one organization. */
export interface Failure {
  readonly slug: string;
  readonly error: string;
}

/** Seals that the bucket does not take: until it does, whoever can write the database can make them anew. */
export function anchorAlert(failures: readonly Failure[]): Alert {
  const count = failures.length === 1 ? '1 organization' : `${failures.length} organizations`;
  return {
    name: 'SealsNotAnchored',
    severity: 'warning',
    summary: `Seals of ${count} could not be anchored`,
    detail: [
      `Seals of ${count} were made and could not be written down in the evidence bucket. The next runs try again.`,
      '',
      ...failures.slice(0, shown).map(({ slug, error }) => `  ${slug}: ${error}`),
      '',
      'To see what was altered, if anything was, and to try again:',
      `  ${verifyCommand(failures[0]?.slug ?? '')}`,
      `  npm run seal -- --org ${failures[0]?.slug}`,
    ].join('\n'),
    runbook,
    facts: { failures },
  };
}

/** Organizations whose runs have failed. The others went on. */
export function failureAlert(failures: readonly Failure[]): Alert {
  const count = failures.length === 1 ? '1 organization' : `${failures.length} organizations`;
  return {
    name: 'ReconciliationFailed',
    severity: 'warning',
    summary: `The reconciliation of ${count} failed`,
    detail: [
      `${count} could not be reconciled. The others were; these are tried again within the hour.`,
      '',
      ...failures.slice(0, shown).map(({ slug, error }) => `  ${slug}: ${error}`),
      '',
      'To run one now:',
      `  npm run reconcile:balances -- --org ${failures[0]?.slug}`,
    ].join('\n'),
    runbook,
    facts: { failures },
  };
}

/** One difference in a line: which balance, both figures, why. */
export function discrepancyText(each: Discrepancy, label: (key: BalanceKey) => BalanceLabel): string {
  if (!each.item) return sealText(each);
  const drift = driftOf(each);
  const off = (['onHand', 'reserved', 'version'] as const)
    .filter((figure) => drift[figure] !== 0)
    .map((figure) => `${figureNames[figure]} ${drift[figure] > 0 ? '+' : ''}${drift[figure]}`)
    .join(', ');
  const because = each.detail.leftBecause ? `; left, ${each.detail.leftBecause}` : '';
  return `${labelText(label(each))}: ${figuresText(each.stored)} stored, ${figuresText(each.computed)} by its movements (${off}); ${causeText(each)}${because}`;
}

/** Something about the seals, in a line of text. */
export function sealText({
  cause,
  detail: { seal, message },
}: {
  readonly cause: string | undefined;
  readonly detail: Readonly<Record<string, unknown>>;
}): string {
  if (seal === undefined) return String(message);
  return `seal ${seal}: ${message}; cause ${cause ?? 'unknown'}`;
}

function causeText({ cause, detail }: Discrepancy): string {
  const { firstDivergent } = detail as { firstDivergent?: { movementId: string; recordedAt: string } };
  const first = firstDivergent ? `, first ${firstDivergent.movementId} of ${firstDivergent.recordedAt}` : '';
  return `cause ${cause ?? 'unknown'}${first}`;
}

function figuresText(figures: Figures | undefined): string {
  if (!figures) return 'no row';
  const { onHand, reserved, version } = figures;
  return `${onHand} on hand${reserved === 0 ? '' : `, ${reserved} reserved`} after ${version} movements`;
}

const figureNames = { onHand: 'on hand', reserved: 'reserved', version: 'movements' } as const;

export function triggerText({ trigger, fault }: TriggerFault): string {
  return `The trigger ${trigger} is ${fault}.`;
}

export function applyCommand(slug: string, runId: string): string {
  return `npm run reconcile:balances -- --org ${slug} --apply ${runId}`;
}

export function verifyCommand(slug: string): string {
  return `npm run verify:ledger -- --org ${slug}`;
}

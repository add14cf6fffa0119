import type { Alert } from '#platform/aws/alerts.ts';
import { counted } from '#platform/text/plural.ts';
import { type BalanceKey, causesOfHistory, type Discrepancy, driftOf, type Figures } from '../discrepancy.ts';
import type { RunReport } from '../reconcile.ts';
import type { TriggerFault } from '../triggers.ts';
import { type BalanceLabel, labelText } from './labels.ts';

const runbook = 'docs/runbook/balance-discrepancy.md';

/** The number of discrepancies in the text of an alert. The facts contain all that were kept. */
const shown = 20;

/** The alert about one run that left work to people: the figures, the causes and the commands. */
export function discrepancyAlert(
  { slug, id }: { readonly slug: string; readonly id: string },
  report: RunReport,
  label: (key: BalanceKey) => BalanceLabel,
): Alert {
  const left = report.discrepancies.filter(({ action }) => action === 'alerted');
  const balances = left.filter(({ item }) => item !== '').length;
  const unread = left.filter(({ detail }) => detail.couldNotRun).length;
  const impossible = left.filter(({ cause }) => cause === 'impossible_value').length;
  const problems = [
    ...(balances > 0
      ? [
          `${counted(balances, 'balance')} ${balances === 1 ? 'differs from its' : 'differ from their'} movements`,
        ]
      : []),
    ...(impossible > 0
      ? [
          `${counted(impossible, 'value')} that the schema refuses ${impossible === 1 ? 'was' : 'were'} written`,
        ]
      : []),
    ...(left.length > balances + unread + impossible ? ['seals have changed since they were created'] : []),
    ...(unread > 0 ? ['the seals could not be compared with their anchors'] : []),
  ];
  const what = new Intl.ListFormat('en', { type: 'conjunction' }).format(problems);
  const lines = left.slice(0, shown).map((each) => `  ${discrepancyText(each, label)}`);
  const more = left.length > shown ? [`  and ${left.length - shown} more`] : [];
  return {
    name: 'BalanceDiscrepancy',
    severity: unread === left.length ? 'warning' : 'critical',
    summary: `${slug}: ${what}`,
    detail: [
      `In ${slug} (${id}) ${what}. Nothing was changed.`,
      `Run ${report.runId} (${report.kind}) compared ${counted(report.keysChecked, 'balance')} with ${counted(report.movementsRead, 'movement')}: ${counted(report.found, 'difference')}, ${counted(report.corrected, 'correction')}.`,
      ...report.triggerFaults.map(triggerText),
      '',
      ...lines,
      ...more,
      '',
      ...(left.some(isApplicable)
        ? [
            'To preview the corrections:',
            `  ${applyCommand(slug, report.runId)} --dry-run`,
            'To correct these balances from their movements:',
            `  ${applyCommand(slug, report.runId)}`,
            ...(left.some((each) => isApplicable(each) && each.cause === 'unknown')
              ? ['Where the cause is unknown, check the movements first: they may be wrong.']
              : []),
          ]
        : []),
      ...(left.every(isApplicable)
        ? []
        : ['To see what was altered, deleted or inserted:', `  ${verifyCommand(slug)}`]),
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

/** Whether `--apply` may correct it: it is about a balance, and the movements were not changed. */
export function isApplicable({ item, cause }: Discrepancy): boolean {
  return item !== '' && !(cause !== undefined && causesOfHistory.includes(cause));
}

const unseenHelp = [
  'A trigger that was changed while nothing watched may be right again. When you know who did it and what was written meanwhile:',
  '  npm run migrate:all',
];

/** The alert about triggers of the ledger that do not work: one for the database, whatever the number of organizations. */
export function triggerAlert(faults: readonly TriggerFault[]): Alert {
  return {
    name: 'LedgerTriggerUnhealthy',
    severity: 'critical',
    summary: `${counted(faults.length, 'trigger')} of the ledger ${faults.length === 1 ? 'is' : 'are'} not in order`,
    detail: [
      'Until they are restored, movements may not reach their balances, no balance is corrected, and nothing is sealed.',
      '',
      ...faults.map((fault) => `  ${triggerText(fault)}`),
      '',
      'To see how to restore them:',
      '  npm run validate:isolation',
      ...(faults.some(({ fault }) => fault === 'changed unseen') ? unseenHelp : []),
    ].join('\n'),
    runbook,
    facts: { triggerFaults: faults },
  };
}

/** The error of one organization. */
export interface Failure {
  readonly slug: string;
  readonly error: string;
}

/** The alert about seals that the bucket refuses. Without an anchor, anyone who can write the database can replace a seal. */
export function anchorAlert(failures: readonly Failure[]): Alert {
  const count = counted(failures.length, 'organization');
  return {
    name: 'SealsNotAnchored',
    severity: 'warning',
    summary: `Seals of ${count} could not be anchored`,
    detail: [
      `Seals of ${count} were created but could not be written to the evidence bucket. The next runs try again.`,
      '',
      ...failures.slice(0, shown).map(({ slug, error }) => `  ${slug}: ${error}`),
      '',
      'To check whether anything was altered, and to try again:',
      `  ${verifyCommand(failures[0]?.slug ?? '')}`,
      `  npm run seal -- --org ${failures[0]?.slug}`,
    ].join('\n'),
    runbook,
    facts: { failures },
  };
}

/** The alert about organizations whose runs failed. The others were reconciled. */
export function failureAlert(failures: readonly Failure[]): Alert {
  const count = counted(failures.length, 'organization');
  return {
    name: 'ReconciliationFailed',
    severity: 'warning',
    summary: `The reconciliation of ${count} failed`,
    detail: [
      `${count} could not be reconciled. They will be tried again within the hour. The others were reconciled.`,
      '',
      ...failures.slice(0, shown).map(({ slug, error }) => `  ${slug}: ${error}`),
      '',
      'To run the first one now:',
      `  npm run reconcile:balances -- --org ${failures[0]?.slug}`,
    ].join('\n'),
    runbook,
    facts: { failures },
  };
}

/** One discrepancy in a line: the balance, both figures and the cause. */
export function discrepancyText(each: Discrepancy, label: (key: BalanceKey) => BalanceLabel): string {
  if (!each.item) return sealText(each);
  const drift = driftOf(each);
  const off = (['onHand', 'reserved', 'version'] as const)
    .filter((figure) => drift[figure] !== 0)
    .map((figure) => `${figureNames[figure]} ${drift[figure] > 0 ? '+' : ''}${drift[figure]}`)
    .join(', ');
  const because = each.detail.leftBecause ? `; not corrected: ${each.detail.leftBecause}` : '';
  return `${labelText(label(each))}: stored: ${figuresText(each.stored)}, from movements: ${figuresText(each.computed)}, difference: ${off}; ${causeText(each)}${because}`;
}

/** A seal finding in a line of text. */
export function sealText({
  cause,
  detail: { seal, message },
}: {
  readonly cause: string | undefined;
  readonly detail: Readonly<Record<string, unknown>>;
}): string {
  if (seal === undefined) return String(message);
  return `seal ${seal}: ${message}; cause: ${cause ?? 'unknown'}`;
}

function causeText({ cause, detail }: Discrepancy): string {
  const { firstDivergent } = detail as { firstDivergent?: { movementId: string; recordedAt: string } };
  const first = firstDivergent
    ? `, first missing movement ${firstDivergent.movementId} of ${firstDivergent.recordedAt}`
    : '';
  return `cause: ${cause ?? 'unknown'}${first}`;
}

function figuresText(figures: Figures | undefined): string {
  if (!figures) return 'no row';
  const { onHand, reserved, version } = figures;
  return `${onHand} on hand${reserved === 0 ? '' : `, ${reserved} reserved`} (${counted(version, 'movement')})`;
}

const figureNames = { onHand: 'on hand', reserved: 'reserved', version: 'movements' } as const;

export function triggerText({ trigger, fault }: TriggerFault): string {
  return fault === 'changed unseen'
    ? `The trigger ${trigger} was changed while nothing watched.`
    : `The trigger ${trigger} is ${fault}.`;
}

export function applyCommand(slug: string, runId: string): string {
  return `npm run reconcile:balances -- --org ${slug} --apply ${runId}`;
}

export function verifyCommand(slug: string): string {
  return `npm run verify:ledger -- --org ${slug}`;
}

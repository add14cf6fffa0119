import type { Applied } from '#audit/reconciliation/apply.ts';
import type { BalanceKey, Difference } from '#audit/reconciliation/discrepancy.ts';
import type { Preview } from '#audit/reconciliation/preview.ts';
import type { RunReport } from '#audit/reconciliation/reconcile.ts';
import {
  applyCommand,
  discrepancyText,
  isApplicable,
  sealText,
  triggerText,
  verifyCommand,
} from '#audit/reconciliation/runs/alert.ts';
import type { BalanceLabel } from '#audit/reconciliation/runs/labels.ts';
import type { TriggerFault } from '#audit/reconciliation/triggers.ts';
import { counted } from '#platform/text/plural.ts';

/** How many differences of one organization the text shows; `--json` has all. */
const shown = 20;

type Label = (key: BalanceKey) => BalanceLabel;

/** What came of sealing after a clean run. */
export interface Sealed {
  readonly text: string;
  /** Whether something is left for the next run. */
  readonly isLeft: boolean;
}

/** The result for one organization: text for people, JSON for programs, and whether a fault was left. */
export interface Outcome {
  readonly text: string;
  readonly json: unknown;
  readonly failed: boolean;
}

export function runOutcome(
  slug: string,
  report: RunReport,
  sealed: Sealed | undefined,
  label: Label,
): Outcome {
  const { discrepancies, ...figures } = report;
  const left = discrepancies.filter(({ action }) => action === 'alerted');
  const lines = [
    `${slug}: ${comparedText(report)}, ${foundText(report)}${sealed ? `; ${sealed.text}` : ''}`,
    ...triggerLines(report.triggerFaults),
    ...list(discrepancies, (each) => `${each.action}: ${discrepancyText(each, label)}`),
    ...(report.finished ? [] : ['  stopped early; run it again to continue']),
    ...(left.some(isApplicable)
      ? [
          'To preview the correction of the balances that were left:',
          `  ${applyCommand(slug, report.runId)} --dry-run`,
        ]
      : []),
    ...(left.every(isApplicable) ? [] : sealRemedy(slug)),
  ];
  return {
    text: lines.join('\n'),
    json: {
      organization: slug,
      ...figures,
      sealed: sealed?.text ?? null,
      discrepancies: discrepancies.map((each) => named(each, label)),
    },
    failed: left.length > 0 || report.triggerFaults.length > 0 || !report.finished || sealed?.isLeft === true,
  };
}

export function previewOutcome(slug: string, preview: Preview, label: Label): Outcome {
  const would = preview.differences.map(({ decision, ...each }) => ({
    ...each,
    detail: decision.do === 'alert' ? { ...each.detail, leftBecause: decision.because } : each.detail,
    action: 'found' as const,
    would: { correct: 'would be corrected', alert: 'would be left', nothing: 'is correct now' }[decision.do],
  }));
  return {
    text: [
      `${slug}: ${comparedText(preview)}, ${preview.found} wrong; nothing was written`,
      ...triggerLines(preview.triggerFaults),
      ...list(would, (each) => `${each.would}: ${discrepancyText(each, label)}`),
      ...list(preview.sealFindings, (each) => `would be left: ${sealText(each)}`),
      ...(preview.sealFindings.length > 0 ? sealRemedy(slug) : []),
    ].join('\n'),
    json: {
      organization: slug,
      ...preview,
      differences: preview.differences.map((each) => named(each, label)),
    },
    failed: preview.found > 0 || preview.triggerFaults.length > 0 || preview.sealFindings.length > 0,
  };
}

export function appliedOutcome(
  slug: string,
  applied: readonly Applied[],
  dryRun: boolean,
  label: Label,
): Outcome {
  const words = {
    applied: 'applied',
    pending: 'would be applied',
    gone: 'already correct',
    changed: 'the difference has changed, reconcile again',
    refused: 'refused',
  } as const;
  const open = applied.filter(({ outcome }) => outcome === 'changed' || outcome === 'refused');
  return {
    text: [
      applied.length === 0
        ? `${slug}: this run left no balance to correct.`
        : `${slug}: ${counted(applied.length, 'balance')} of the run${dryRun ? '; nothing was written' : ''}`,
      ...list(
        applied,
        ({ outcome, because, discrepancy }) =>
          `${words[outcome]}${because ? `, ${because}` : ''}: ${discrepancyText(discrepancy, label)}`,
      ),
    ].join('\n'),
    json: {
      organization: slug,
      dryRun,
      applied: applied.map(({ discrepancy, ...each }) => ({ ...each, ...named(discrepancy, label) })),
    },
    failed: open.length > 0,
  };
}

function comparedText(run: { readonly keysChecked: number; readonly movementsRead: number }): string {
  return `${counted(run.keysChecked, 'balance')} against ${counted(run.movementsRead, 'movement')}`;
}

/** A difference for programs: the names and ids of the balance. A difference of a seal has no balance. */
function named(each: Difference & { readonly detail: object }, label: Label) {
  const { item, location, lot, stored, storedVersionText: _, computed, ...rest } = each;
  if (!item) return rest;
  return {
    ...label({ item, location, lot }),
    itemId: item,
    locationId: location,
    stored: stored ?? null,
    computed,
    ...rest,
  };
}

function triggerLines(faults: readonly TriggerFault[]): string[] {
  if (faults.length === 0) return [];
  return [
    ...faults.map((fault) => `  ${triggerText(fault)}`),
    'Nothing is corrected or sealed until the triggers are repaired. To see how:',
    '  npm run validate:isolation',
  ];
}

function sealRemedy(slug: string): string[] {
  return ['To see which movements were altered, removed or inserted:', `  ${verifyCommand(slug)}`];
}

function foundText({ found, corrected, alerted, triggerFaults }: RunReport): string {
  if (found === 0)
    return alerted === 0 && triggerFaults.length === 0 ? 'all correct' : 'all balances correct';
  return `${found} wrong: ${corrected} corrected, ${alerted} left`;
}

function list<Each>(all: readonly Each[], line: (each: Each) => string): string[] {
  const more = all.length > shown ? [`  and ${all.length - shown} more`] : [];
  return [...all.slice(0, shown).map((each) => `  ${line(each)}`), ...more];
}

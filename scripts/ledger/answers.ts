import type { SealResult } from '#audit/seals/seal-organization.ts';
import type { LedgerReport } from '#audit/seals/verify-ledger.ts';
import type { OlderSeals } from '#audit/seals/version.ts';
import type { Tidied } from '#ledger/tidy.ts';
import { counted } from '#platform/text/plural.ts';
import type { Answer } from '../cli/command.ts';

/** The expired rows that were deleted or closed, or would be. */
export function tidiedAnswer(tidied: Tidied, dryRun: boolean): Answer {
  const { organizations, idempotencyKeys, securityEvents, reservations } = tidied;
  const deleted = `${counted(idempotencyKeys, 'idempotency key')} and ${counted(securityEvents, 'security event')}`;
  const closed = `${counted(reservations, 'reservation')} of ${counted(organizations, 'organization')}`;
  return {
    json: { ...tidied, dryRun },
    text: dryRun
      ? `Would delete ${deleted}, and close ${closed}.`
      : `Deleted ${deleted}, and closed ${closed}.`,
  };
}

/** Whether a movement is not sealed yet, or a seal not anchored: something is left for the next run. */
export function isLeft({ reason, anchoring }: SealResult): boolean {
  return reason === 'busy' || reason === 'stopped' || anchoring.failure !== undefined;
}

/** The new seals and anchors. Failed when something is left for the next run. */
export function sealedAnswer(org: string, result: SealResult): Answer {
  const { seals, reason, anchoring } = result;
  const reasons = {
    'nothing-new': `No movements of ${org} since its last seal.`,
    busy: `Could not seal ${org}: its writers never paused. Run it again.`,
    stopped: 'Stopped. Run it again to continue.',
  } as const;
  return {
    failed: isLeft(result),
    json: { organization: org, ...result },
    text: [
      ...seals.map(
        ({ seq, movements, hash }) => `Seal ${seq} covers ${counted(movements, 'movement')}: ${hash}`,
      ),
      ...(reason ? [reasons[reason]] : []),
      `Anchored ${counted(anchoring.anchored, 'seal')}.`,
      ...(anchoring.failure ? [`The other seals are not anchored yet: ${anchoring.failure.message}`] : []),
    ].join('\n'),
  };
}

/** The report of a ledger, or why there is none. */
export type VerifiedOrganization = { readonly organization: string } & (
  | LedgerReport
  | { readonly ok: false; readonly error: string }
);

/** Whether the ledgers agree with their seals. `isNamed`: the user asked for one organization. */
export function verifiedAnswer(reports: readonly VerifiedOrganization[], isNamed: boolean): Answer {
  return {
    failed: !reports.every(({ ok }) => ok),
    json: isNamed ? reports[0] : { organizations: reports },
    text: reports.map(verifiedText).join('\n\n') || 'There are no organizations.',
  };
}

function verifiedText({ organization, ...report }: VerifiedOrganization): string {
  if ('error' in report) return `${organization}: could not be verified: ${report.error}`;
  const { seals, movements, unsealed, anchors, olderSeals, faults, faultCount } = report;
  const lines = [
    faultCount === 0
      ? `${organization}: ${counted(movements, 'movement')} and ${counted(seals, 'seal')} agree.`
      : `${organization}: ${counted(faultCount, 'fault')} in ${counted(seals, 'seal')}. The first: ${faults[0]?.message}`,
    ...faults.slice(1, 20).map(({ message }) => `  ${message}`),
    unsealed === 0
      ? 'No movements since the last seal.'
      : `${counted(unsealed, 'movement')} since the last seal, not verified.`,
    anchors.status === 'compared'
      ? `${counted(anchors.compared, 'seal')} compared with the anchor, ${anchors.unanchored} not anchored yet.`
      : `Not proven: the anchors could not be compared: ${anchors.reason}`,
    ...olderSeals.map(olderText),
  ];
  return lines.join('\n');
}

/** What the seals of an older version do not cover. */
export function olderText({ version, seals, throughSeal, notCovered }: OlderSeals): string {
  const which = seals === 1 ? `Seal ${throughSeal} has` : `${seals} seals up to seal ${throughSeal} have`;
  return [
    `${which} version ${version}, which does not cover:`,
    ...notCovered.map((text) => `  ${text}`),
  ].join('\n');
}

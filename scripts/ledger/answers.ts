import type { SealResult } from '#audit/seals/seal-organization.ts';
import type { LedgerReport } from '#audit/seals/verify-ledger.ts';
import type { Tidied } from '#ledger/tidy.ts';
import type { Answer } from '../cli/command.ts';

/** What was deleted because it has outlived its purpose, or would be. */
export function tidiedAnswer(tidied: Tidied, dryRun: boolean): Answer {
  const { organizations, idempotencyKeys, securityEvents } = tidied;
  const what = `${idempotencyKeys} idempotency keys and ${securityEvents} security events of ${organizations} organizations`;
  return {
    json: { ...tidied, dryRun },
    text: dryRun ? `Would delete ${what}.` : `Deleted ${what}.`,
  };
}

/** What was sealed and anchored; a no when something is left for the next time. */
export function sealedAnswer(org: string, result: SealResult): Answer {
  const { seals, reason, anchoring } = result;
  const reasons = {
    'nothing-new': `Nothing was posted in ${org} since its last seal.`,
    busy: `Writers of ${org} left no instant to draw a boundary: run it again.`,
    stopped: 'Stopped; run it again to go on.',
  } as const;
  return {
    failed: reason === 'busy' || reason === 'stopped' || anchoring.failure !== undefined,
    json: { organization: org, ...result },
    text: [
      ...seals.map(({ seq, movements, hash }) => `Seal ${seq} over ${movements} movements: ${hash}`),
      ...(reason ? [reasons[reason]] : []),
      `${anchoring.anchored} seals were anchored.`,
      ...(anchoring.failure ? [`The others wait for the next time: ${anchoring.failure.message}`] : []),
    ].join('\n'),
  };
}

export type VerifiedOrganization = LedgerReport & { readonly organization: string };

/** Whether the ledgers are what their seals say; of one organization when it was asked for by name. */
export function verifiedAnswer(reports: readonly VerifiedOrganization[], isNamed: boolean): Answer {
  return {
    failed: !reports.every(({ ok }) => ok),
    json: isNamed ? reports[0] : { organizations: reports },
    text: reports.map(verifiedText).join('\n\n') || 'There is no organization.',
  };
}

function verifiedText({ organization, ...report }: VerifiedOrganization): string {
  const { seals, movements, unsealed, anchors, faults, faultCount } = report;
  const lines = [
    faultCount === 0
      ? `${organization}: ${movements} movements are what ${seals} seals say.`
      : `${organization}: ${faultCount} faults in ${seals} seals. The first: ${faults[0]?.message}`,
    ...faults.slice(1, 20).map(({ message }) => `  ${message}`),
    `${unsealed} movements are behind the last seal: nothing is said of them.`,
    anchors.status === 'compared'
      ? `${anchors.compared} seals were compared with their anchors, ${anchors.unanchored} are not anchored yet.`
      : `The anchors could not be compared, so this is no proof: ${anchors.reason}`,
  ];
  return lines.join('\n');
}

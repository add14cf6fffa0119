import { verifyLedger } from '#audit/seals/verify-ledger.ts';
import { hasAnchors, refuseWithoutAnchors } from './anchors.ts';
import { eachOrganization } from './each-organization.ts';
import { CouldNotRun, type Findings, type ProofContext } from './proof.ts';

/**
 * Proves that every seal follows from its movements and equals its anchor outside the database. Where nothing was ever
 * anchored, it compares only seals and movements, and the proof as a whole does not apply.
 */
export async function proveSeals({ connect, asOf, signal }: ProofContext, findings: Findings): Promise<void> {
  const client = await connect();
  await eachOrganization(client, findings, signal, async ({ id, slug }) => {
    const report = await verifyLedger(client, id, { signal, asOf });
    findings.add('seals', report.seals);
    findings.add('movements', report.movements);
    findings.add('unsealed', report.unsealed);
    for (const { kind, message } of report.faults) findings.fault(`${slug}: ${kind}: ${message}`);
    findings.count += report.faultCount - report.faults.length;
    if (!hasAnchors()) return;
    if (report.anchors.status !== 'compared') throw new CouldNotRun(report.anchors.reason);
    findings.add('anchors', report.anchors.compared);
    findings.add('unanchored', report.anchors.unanchored);
  });
  if (!hasAnchors()) await refuseWithoutAnchors(client);
}

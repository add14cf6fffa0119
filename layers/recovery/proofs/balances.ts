import { compareHistory, everything } from '#audit/reconciliation/compare-history.ts';
import { driftOf } from '#audit/reconciliation/discrepancy.ts';
import { lastSeal } from '#audit/reconciliation/marks.ts';
import { inSnapshot } from '#audit/reconciliation/snapshot.ts';
import { eachOrganization } from './each-organization.ts';
import type { Findings, ProofContext } from './proof.ts';

/** Proves that every balance of every organization equals the sum of its movements, and that its movements were sealed so. */
export async function proveBalances({ connect, signal }: ProofContext, findings: Findings): Promise<void> {
  const client = await connect();
  findings.add('organizations', 0);
  await eachOrganization(client, findings, signal, async ({ id, slug }) => {
    findings.add('organizations', 1);
    const { keys, movements, found, differences } = await inSnapshot(client, id, {}, async (snapshot) =>
      compareHistory(snapshot, id, everything, await lastSeal(snapshot, id)),
    );
    findings.add('balances', keys);
    findings.add('movements', movements);
    for (const difference of differences) {
      const { item, location, lot } = difference;
      const drift = driftOf(difference);
      findings.fault(
        `${slug}: item ${item} at ${location}${lot && `, lot ${lot}`} differs from its movements: on hand ${signed(drift.onHand)}, reserved ${signed(drift.reserved)}, version ${signed(drift.version)}`,
      );
    }
    findings.count += found - differences.length;
  });
}

function signed(figure: number): string {
  return figure > 0 ? `+${figure}` : `${figure}`;
}

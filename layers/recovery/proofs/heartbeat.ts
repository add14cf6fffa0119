import type { Client } from 'pg';
import { counted } from '#platform/text/plural.ts';
import { readErasures } from '../erasures.ts';
import { newestHeartbeat } from '../heartbeat.ts';
import { recoveryPolicy } from '../policy.ts';
import type { Findings, ProofContext } from './proof.ts';
import { readOrganizations } from './read-organizations.ts';

/**
 * Proves that the copy reaches the restored time. Its newest heartbeat must be close to that time, and the copy must contain
 * every organization that the heartbeat counted.
 */
export async function proveHeartbeat(
  { connect, asOf, policy: { heartbeatApartMs } = recoveryPolicy }: ProofContext,
  findings: Findings,
): Promise<void> {
  const client = await connect();
  await client.query('set role stockade_jobs');
  const newest = await newestHeartbeat(client);
  await client.query('reset role');
  if (!newest) {
    findings.fault('the copy contains no heartbeat, so the time that it reaches is not known');
    return;
  }
  const behindMs = asOf.getTime() - newest.at.getTime();
  findings.add('behindSeconds', behindMs / 1000);
  if (Math.abs(behindMs) > heartbeatApartMs) {
    findings.fault(
      `the newest heartbeat is from ${newest.at.toISOString()}, but ${asOf.toISOString()} was restored`,
    );
  }
  const organizations = (await readOrganizations(client)).length;
  const erased = await erasedSince(client, newest.at);
  findings.add('organizations', organizations);
  if (organizations + erased < newest.organizations) {
    findings.fault(
      `the copy contains ${counted(organizations, 'organization')}, but at ${newest.at.toISOString()} there were ${newest.organizations} (erased since: ${erased})`,
    );
  }
}

async function erasedSince(client: Client, since: Date): Promise<number> {
  await client.query('set role stockade_admin');
  const erasures = await readErasures(client);
  await client.query('reset role');
  return [...erasures.values()].filter((at) => at >= since).length;
}

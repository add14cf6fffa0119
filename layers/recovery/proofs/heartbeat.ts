import type { Client } from 'pg';
import { readErasures } from '../erasures.ts';
import { newestHeartbeat } from '../heartbeat.ts';
import { recoveryPolicy } from '../policy.ts';
import type { Findings, ProofContext } from './proof.ts';
import { readOrganizations } from './read-organizations.ts';

/**
 * The newest heartbeat says up to when the copy has everything: it must be of the instant that the copy is to be of, and
 * as many organizations must be there as there were then.
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
    findings.fault('there is no heartbeat in the copy: up to when it has everything is not known');
    return;
  }
  const behindMs = asOf.getTime() - newest.at.getTime();
  findings.add('behindSeconds', behindMs / 1000);
  if (Math.abs(behindMs) > heartbeatApartMs) {
    findings.fault(
      `the newest heartbeat is of ${newest.at.toISOString()}, and the copy is to be of ${asOf.toISOString()}`,
    );
  }
  const organizations = (await readOrganizations(client)).length;
  const erased = await erasedSince(client, newest.at);
  findings.add('organizations', organizations);
  if (organizations + erased < newest.organizations) {
    findings.fault(
      `there are ${organizations} organizations in the copy, and there were ${newest.organizations} at ${newest.at.toISOString()}, of which ${erased} were erased`,
    );
  }
}

async function erasedSince(client: Client, since: Date): Promise<number> {
  await client.query('set role stockade_admin');
  const erasures = await readErasures(client);
  await client.query('reset role');
  return [...erasures.values()].filter((at) => at >= since).length;
}

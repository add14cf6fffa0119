import { createHash } from 'node:crypto';
import { organizationOfToday, refuseWorking } from '#portability/restore-org/find-organization.ts';
import type { ProofOutcome } from '#recovery/proofs/proof.ts';
import { withRole } from '../cli/database/connect.ts';
import { CommandError } from '../cli/failure.ts';
import { carryOut, planRestore, staying } from './beside-production.ts';
import { deletion } from './cut-over.ts';

/** A copy that was restored to take one organization out of it. It stays when that is done. */
export interface OrganizationCopy {
  readonly name: string;
  readonly asOf: string;
  /** It was there before, made by the same command. */
  readonly isBegun: boolean;
  /** As its master, whose password was made now. */
  readonly url: string;
  readonly availableAfterMs: number;
  readonly provenAfterMs: number;
  readonly proofs: readonly ProofOutcome[];
  /** The commands that delete it. */
  readonly discard: readonly string[];
}

export interface CopyWish {
  /** The organization. */
  readonly slug: string;
  readonly at: Date;
  /** Of production, as its master. */
  readonly databaseUrl: string;
  /** Nothing is to be changed in production, so the organization may go on working. */
  readonly dryRun: boolean;
  readonly signal: AbortSignal;
  readonly note: (line: string) => void;
}

/**
 * Restores a point in time beside production, under a name that follows from the organization and the time, proves it and
 * works with it. Called again, it carries on with the copy that is there. The copy stays, whatever happens.
 * @throws CommandError when the copy is not proven
 * @throws PortabilityError when the organization is not suspended and something is to be changed: before anything is restored
 * @throws RecoveryRefused when there is no such time to go back to
 */
export async function withOrganizationCopy<T>(
  { slug, at, databaseUrl, dryRun, signal, note }: CopyWish,
  work: (copy: OrganizationCopy) => Promise<T>,
): Promise<T> {
  const today = await withRole(databaseUrl, 'stockade_admin', (admin) => organizationOfToday(admin, slug));
  // Restoring takes a while: what would be refused afterwards is refused now.
  if (today && !dryRun) refuseWorking(today);
  if (!today) note(`Production has no organization ${slug}: whether the copy has is seen when it is there.`);
  const planned = await planRestore({ kind: 'point-in-time', at }, copyNameOf(slug, at));
  const { name, asOf, isBegun } = planned.plan;
  const { proofs, url, availableAfterMs, provenAfterMs } = await carryOut(planned, {
    databaseUrl,
    signal,
    note,
  });
  if (!proofs.ok) throw notProven(name, asOf, proofs.outcomes);
  try {
    return await work({
      name,
      asOf,
      isBegun,
      url,
      availableAfterMs,
      provenAfterMs,
      proofs: proofs.outcomes,
      discard: deletion(name),
    });
  } catch (error) {
    note(staying(name));
    throw error;
  }
}

/** What is left to do about the copy. */
export function copyText({ name, asOf, url, discard }: OrganizationCopy): string {
  return [
    '',
    `The copy ${name} of ${asOf} is still there, and costs. Its master, with a password that is shown once: ${url}`,
    'The same command goes on with it. To use it without proving it again, pass --from with that URL in the place of --at.',
    'To delete it:',
    ...discard,
  ].join('\n');
}

const longestIdentifier = 63;
const hashLength = 8;

/** The name of the copy of an instant for an organization: the same for the same two, and an identifier as RDS allows it. */
export function copyNameOf(slug: string, at: Date): string {
  const [seconds = '', milliseconds] = at.toISOString().toLowerCase().replaceAll(/[-:z]/g, '').split('.');
  const tail = milliseconds === '000' ? seconds : `${seconds}-${milliseconds}`;
  const head = 'restored';
  const room = longestIdentifier - `${head}--${tail}`.length;
  const plain = slug
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, '-')
    .replaceAll(/^-|-$/g, '');
  if (plain !== '' && plain === slug && slug.length <= room) return `${head}-${slug}-${tail}`;
  // Two slugs must not become one.
  const hash = createHash('sha256').update(slug).digest('hex').slice(0, hashLength);
  const short = plain.slice(0, room - hashLength - 1).replace(/-$/, '');
  return [head, short, hash, tail].filter(Boolean).join('-');
}

function notProven(name: string, asOf: string, outcomes: readonly ProofOutcome[]): CommandError {
  const faults = outcomes
    .filter(({ verdict }) => verdict === 'failed' || verdict === 'could not run')
    .map(({ proof, verdict, faults: [fault] }) => `${proof} ${verdict}${fault ? ` (${fault})` : ''}`);
  return new CommandError(
    `the copy ${name} of ${asOf} is not proven, and nothing was taken out of it: ${faults.join('; ')}`,
    'Take another time. The copy stays to be looked at: npm run restore -- ' +
      `--at ${asOf} --to ${name} proves it again and prints its URL, which restore:org takes as --from when you know why; ` +
      `or delete it: ${deletion(name).join(' && ')}`,
  );
}

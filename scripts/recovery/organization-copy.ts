import { createHash } from 'node:crypto';
import { organizationOfToday, refuseWorking } from '#portability/restore-org/find-organization.ts';
import type { ProofOutcome } from '#recovery/proofs/proof.ts';
import { withRole } from '../cli/database/connect.ts';
import { CommandError } from '../cli/failure.ts';
import { carryOut, planRestore, staying } from './beside-production.ts';
import { deletion } from './cut-over.ts';

/** A copy of the database, restored to take one organization from it. The command does not delete it. */
export interface OrganizationCopy {
  readonly name: string;
  readonly asOf: string;
  /** An earlier run of the same command created it. */
  readonly isBegun: boolean;
  /** The URL with its master, whose password is new. */
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
  /** Nothing changes in production, so the organization need not be suspended. */
  readonly dryRun: boolean;
  readonly signal: AbortSignal;
  readonly note: (line: string) => void;
}

/**
 * Restores a point in time beside production, proves the copy and works with it. The organization and the time determine
 * the name of the copy, so a second call continues with the same one. The copy is never deleted.
 * @throws CommandError when the copy is not proven
 * @throws PortabilityError when the organization is not suspended and this is not a dry run, before anything is restored
 * @throws RecoveryRefused when that point in time cannot be restored
 */
export async function withOrganizationCopy<T>(
  { slug, at, databaseUrl, dryRun, signal, note }: CopyWish,
  work: (copy: OrganizationCopy) => Promise<T>,
): Promise<T> {
  const today = await withRole(databaseUrl, 'stockade_admin', (admin) => organizationOfToday(admin, slug));
  // Restoring takes a while: refuse now what would be refused later.
  if (today && !dryRun) refuseWorking(today);
  if (!today) note(`Production has no organization ${slug}. The copy may have it.`);
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

/** What to do with the copy. */
export function copyText({ name, asOf, url, discard }: OrganizationCopy): string {
  return [
    '',
    `The copy ${name} of ${asOf} is still running and costs money. Its URL, with a password that is shown once: ${url}`,
    'The same command continues with this copy. To use it without new proofs, pass --from with that URL instead of --at.',
    'To delete it:',
    ...discard,
  ].join('\n');
}

const longestIdentifier = 63;
const hashLength = 8;

/** The name of the copy: a valid RDS identifier that depends only on the organization and the time. */
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
  // Two slugs must not get the same name.
  const hash = createHash('sha256').update(slug).digest('hex').slice(0, hashLength);
  const short = plain.slice(0, room - hashLength - 1).replace(/-$/, '');
  return [head, short, hash, tail].filter(Boolean).join('-');
}

function notProven(name: string, asOf: string, outcomes: readonly ProofOutcome[]): CommandError {
  const faults = outcomes
    .filter(({ verdict }) => verdict === 'failed' || verdict === 'could not run')
    .map(({ proof, verdict, faults: [fault] }) => `${proof} ${verdict}${fault ? ` (${fault})` : ''}`);
  return new CommandError(
    `the copy ${name} of ${asOf} is not proven, and nothing was taken from it: ${faults.join('; ')}`,
    'Try another time. The copy stays, so that you can examine it. To prove it again and print its URL: ' +
      `npm run restore -- --at ${asOf} --to ${name}. If you accept the faults, pass that URL to restore:org as --from. ` +
      `To delete the copy: ${deletion(name).join(' && ')}`,
  );
}

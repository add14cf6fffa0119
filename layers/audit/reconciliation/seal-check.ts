import type pg from 'pg';
import { AwsRefused, AwsUnavailable } from '#platform/aws/call.ts';
import { listEvidence, readEvidence } from '#platform/aws/evidence.ts';
import { evidenceConfig } from '#platform/config.ts';
import { MissingSetting } from '#platform/errors.ts';
import { anchorBody } from '../seals/anchor.ts';
import { anchorKey, anchorPrefix } from '../seals/anchor-key.ts';
import { genesisHash, type Seal, sealHash } from '../seals/seal.ts';
import type { Fault } from '../seals/verify/fault.ts';
import { verifyLedger } from '../seals/verify-ledger.ts';
import { versionFault } from '../seals/version.ts';
import type { Cause } from './discrepancy.ts';
import { inSnapshot } from './snapshot.ts';

/** Something that is wrong with a seal or its anchor. */
export interface SealFinding {
  readonly cause: Cause;
  readonly detail: Readonly<Record<string, unknown>>;
}

/** The number of seals that one query reads. */
const pageSeals = 1_000;

/**
 * The daily check of the seals. It checks that every seal follows from the one before, that the boundary is not before the
 * last seal, that every anchor still exists, and that the newest anchor has the right content. It does not read the
 * movements: {@link sealFaults} does. If the bucket refuses to be read, that is a finding too, because what nobody can read
 * cannot be called right. If the bucket does not answer, the next run tries again.
 */
export async function checkSeals(jobs: pg.ClientBase, orgId: string): Promise<SealFinding[]> {
  // Before the snapshot: a seal is created before its anchor, so the snapshot contains the seals of all listed anchors.
  const listed = await ask(() => listAnchors(orgId));
  const { seals, boundary } = await readSeals(jobs, orgId, listed.answer?.bucket);
  const findings: SealFinding[] = [];
  const found: Found = (cause, seal, message) => {
    findings.push({ cause, detail: { seal, message } });
  };
  checkChain(orgId, seals, boundary, found);
  const { answer } = listed;
  const { refusal } = answer ? await ask(() => checkAnchors(orgId, seals, answer, found)) : listed;
  // If no bucket is set, there is nothing to compare, unless the database has recorded anchors.
  if (refusal && !(refusal instanceof MissingSetting && !seals.some(({ isAnchored }) => isAnchored))) {
    const message = `the seals could not be compared with their anchors: ${refusal.message}`;
    findings.push({ cause: 'unknown', detail: { couldNotRun: true, message } });
  }
  return findings;
}

type Found = (cause: Cause, seal: number, message: string) => void;

function checkChain(
  orgId: string,
  seals: readonly AnchoredSeal[],
  boundary: string | undefined,
  found: Found,
): void {
  let previous: Seal | undefined;
  for (const { seal } of seals) {
    const version = versionFault(previous, seal);
    if (seal.seq !== (previous?.seq ?? 0) + 1) found('seal_altered', seal.seq, 'a seal before it is missing');
    else if (version) found('seal_altered', seal.seq, version);
    else if (sealHash(orgId, seal) !== seal.hash)
      found('seal_altered', seal.seq, 'its hash does not match its fields');
    else if (seal.previousHash !== (previous?.hash ?? genesisHash))
      found('seal_altered', seal.seq, 'it does not follow from the seal before it');
    previous = seal;
  }
  if (previous && (boundary === undefined || boundary < previous.boundary))
    found(
      'seal_altered',
      previous.seq,
      'the boundary that protects it from later movements is missing or lower',
    );
}

/** Computes every seal again to find what was altered. This reads the whole history. */
export async function sealFaults(
  jobs: pg.ClientBase,
  orgId: string,
  { endsAtMs }: { readonly endsAtMs?: number | undefined } = {},
): Promise<readonly Fault[]> {
  return (await verifyLedger(jobs, orgId, { endsAtMs })).faults;
}

interface ListedAnchors {
  readonly bucket: string;
  readonly keys: ReadonlySet<string>;
}

async function listAnchors(orgId: string): Promise<ListedAnchors> {
  const { bucket } = evidenceConfig();
  const keys = new Set<string>();
  for await (const key of listEvidence(anchorPrefix(orgId))) keys.add(key);
  return { bucket, keys };
}

async function checkAnchors(
  orgId: string,
  seals: readonly AnchoredSeal[],
  { bucket, keys }: ListedAnchors,
  found: Found,
): Promise<void> {
  for (const { seal, isAnchored } of seals) {
    const key = anchorKey(orgId, seal.seq);
    if (!isAnchored || keys.has(key)) continue;
    // An anchor that was written after the listing is not in the list, but in the database. So look for it again.
    if (!(await readEvidence(key))) found('anchor_missing', seal.seq, `s3://${bucket}/${key} is missing`);
  }
  // An anchor without a seal: the seal was removed, or the database is older than the seal.
  const lost = [...keys].toSorted().at(-1);
  const last = seals.at(-1)?.seal.seq ?? 0;
  if (lost && lost > anchorKey(orgId, last))
    found('seal_altered', last + 1, `s3://${bucket}/${lost} belongs to a seal that is not in the database`);
  const newest = seals.findLast(({ seal }) => keys.has(anchorKey(orgId, seal.seq)))?.seal;
  if (!newest) return;
  const key = anchorKey(orgId, newest.seq);
  const bytes = await readEvidence(key);
  if (bytes && Buffer.compare(bytes, Buffer.from(anchorBody(orgId, newest))) !== 0)
    found('seal_altered', newest.seq, `the content of s3://${bucket}/${key} does not match the seal`);
}

interface AnchoredSeal {
  readonly seal: Seal;
  /** Whether it has an anchor in the bucket that was listed, or in any bucket when none could be listed. */
  readonly isAnchored: boolean;
}

async function readSeals(jobs: pg.ClientBase, orgId: string, bucket: string | undefined) {
  return await inSnapshot(jobs, orgId, {}, async (snapshot) => {
    const seals: AnchoredSeal[] = [];
    for (;;) {
      const page = await snapshot.query<{ seal: Seal; isAnchored: boolean }>(
        `select inventory.seal_json(s) as seal,
           exists (
             select from inventory.seal_anchors a where a.org_id = s.org_id and a.seq = s.seq and ($2::text is null or a.bucket = $2)
           ) as "isAnchored"
         from inventory.seals s
         where s.org_id = $1 and s.seq > $3
         order by s.seq
         limit ${pageSeals}`,
        [orgId, bucket ?? null, seals.at(-1)?.seal.seq ?? 0],
      );
      seals.push(...page);
      if (page.length < pageSeals) break;
    }
    const [drawn] = await snapshot.query<{ boundary: string }>(
      'select boundary from inventory.seal_boundaries where org_id = $1',
      [orgId],
    );
    return { seals, boundary: drawn?.boundary };
  });
}

/** The answer of the bucket, or the reason for its refusal. Neither when it does not answer. */
async function ask<T>(
  question: () => Promise<T>,
): Promise<{ readonly answer?: T; readonly refusal?: AwsRefused | MissingSetting }> {
  try {
    return { answer: await question() };
  } catch (error) {
    if (error instanceof AwsRefused || error instanceof MissingSetting) return { refusal: error };
    if (error instanceof AwsUnavailable) return {};
    throw error;
  }
}

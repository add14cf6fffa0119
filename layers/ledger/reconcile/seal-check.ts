import type pg from 'pg';
import { AwsRefused } from '#platform/aws-call.ts';
import { evidenceConfig } from '#platform/config.ts';
import { MissingSetting, Unavailable } from '#platform/errors.ts';
import { listEvidence, readEvidence } from '#platform/evidence.ts';
import { anchorBody } from '../seals/anchor.ts';
import { anchorKey, anchorPrefix } from '../seals/anchor-key.ts';
import { genesisHash, type Seal, sealHash } from '../seals/seal.ts';
import type { Fault } from '../seals/verify/fault.ts';
import { verifyLedger } from '../seals/verify-ledger.ts';
import type { Cause } from './discrepancy.ts';
import { inSnapshot } from './snapshot.ts';

/** Something about the seals that is not as it must be. */
export interface SealFinding {
  readonly cause: Cause;
  readonly detail: Readonly<Record<string, unknown>>;
}

/** Seals are read so many at a time. */
const pageSeals = 1_000;

/**
 * Checks what a day is not too short for: that every seal follows from the one before, that the boundary is still behind
 * the last one, and that what was anchored is still there, the newest anchor by its words. What the movements of a seal
 * were is left to {@link sealFaults}.
 */
export async function checkSeals(jobs: pg.ClientBase, orgId: string): Promise<SealFinding[]> {
  const anchors = await listAnchors(orgId);
  const { seals, boundary } = await readSeals(jobs, orgId, anchors?.bucket);
  const findings: SealFinding[] = [];
  const found = (cause: Cause, seal: number, message: string) =>
    findings.push({ cause, detail: { seal, message } });
  let previous: Seal | undefined;
  for (const { seal, isAnchored } of seals) {
    if (seal.seq !== (previous?.seq ?? 0) + 1) found('seal_altered', seal.seq, `a seal before it is missing`);
    else if (sealHash(orgId, seal) !== seal.hash)
      found('seal_altered', seal.seq, 'its hash is not that of its fields');
    else if (seal.previousHash !== (previous?.hash ?? genesisHash))
      found('seal_altered', seal.seq, 'it does not follow from the one before');
    if (anchors && isAnchored && (await isGone(anchors, anchorKey(orgId, seal.seq))))
      found('anchor_missing', seal.seq, `s3://${anchors.bucket}/${anchorKey(orgId, seal.seq)} is gone`);
    previous = seal;
  }
  if (previous && (boundary === undefined || boundary < previous.boundary))
    found(
      'seal_altered',
      previous.seq,
      'the boundary that keeps movements from coming behind it is missing or lower',
    );
  if (anchors) findings.push(...(await checkNewestAnchor(orgId, seals, anchors)));
  return findings;
}

/** Derives every seal anew, to name what was tampered with: as slow as there is history. */
export async function sealFaults(jobs: pg.ClientBase, orgId: string): Promise<readonly Fault[]> {
  return (await verifyLedger(jobs, orgId)).faults;
}

interface ListedAnchors {
  readonly bucket: string;
  readonly keys: ReadonlySet<string>;
}

/** What is in the bucket; undefined when it cannot be asked, which sealing reports. */
async function listAnchors(orgId: string): Promise<ListedAnchors | undefined> {
  return await unlessUnavailable(async () => {
    const { bucket } = evidenceConfig();
    const keys = new Set<string>();
    for await (const key of listEvidence(anchorPrefix(orgId))) keys.add(key);
    return { bucket, keys };
  });
}

/** One that was written after the list was made is not in it, but the database knows: so it is looked for once more. */
async function isGone({ keys }: ListedAnchors, key: string): Promise<boolean> {
  if (keys.has(key)) return false;
  return (await unlessUnavailable(async () => (await readEvidence(key)) === undefined)) ?? false;
}

async function checkNewestAnchor(
  orgId: string,
  seals: readonly AnchoredSeal[],
  { bucket, keys }: ListedAnchors,
): Promise<SealFinding[]> {
  const newest = seals.findLast(({ seal }) => keys.has(anchorKey(orgId, seal.seq)));
  // Of a seal that is not in the database: it was removed, or the database is older than the seal.
  const lost = [...keys].toSorted().at(-1);
  const findings: SealFinding[] = [];
  const last = seals.at(-1)?.seal.seq ?? 0;
  if (lost && lost > anchorKey(orgId, last)) {
    const message = `s3://${bucket}/${lost} is of a seal that is not in the database`;
    findings.push({ cause: 'seal_altered', detail: { seal: last + 1, message } });
  }
  if (!newest) return findings;
  const key = anchorKey(orgId, newest.seal.seq);
  const bytes = await unlessUnavailable(() => readEvidence(key));
  if (bytes && Buffer.compare(bytes, Buffer.from(anchorBody(orgId, newest.seal))) !== 0) {
    const message = `s3://${bucket}/${key} says something else`;
    findings.push({ cause: 'seal_altered', detail: { seal: newest.seal.seq, message } });
  }
  return findings;
}

interface AnchoredSeal {
  readonly seal: Seal;
  readonly isAnchored: boolean;
}

async function readSeals(jobs: pg.ClientBase, orgId: string, bucket: string | undefined) {
  return await inSnapshot(jobs, orgId, {}, async (snapshot) => {
    const seals: AnchoredSeal[] = [];
    for (;;) {
      const page = await snapshot.query<{ seal: Seal; isAnchored: boolean }>(
        `select inventory.seal_json(s) as seal,
           exists (
             select from inventory.seal_anchors a where a.org_id = s.org_id and a.seq = s.seq and a.bucket = $2
           ) as "isAnchored"
         from inventory.seals s
         where s.org_id = $1 and s.seq > $3
         order by s.seq
         limit ${pageSeals}`,
        [orgId, bucket ?? '', seals.at(-1)?.seal.seq ?? 0],
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

async function unlessUnavailable<T>(work: () => Promise<T>): Promise<T | undefined> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof AwsRefused || error instanceof Unavailable || error instanceof MissingSetting)
      return undefined;
    throw error;
  }
}

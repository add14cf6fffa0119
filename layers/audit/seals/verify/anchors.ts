import * as z from 'zod';
import { AwsRefused, AwsUnavailable } from '#platform/aws/call.ts';
import { listEvidence, readEvidence } from '#platform/aws/evidence.ts';
import { evidenceConfig } from '#platform/config.ts';
import { MissingSetting } from '#platform/errors.ts';
import { anchorBody } from '../anchor.ts';
import { anchorKey, anchorPrefix } from '../anchor-key.ts';
import type { Seal } from '../seal.ts';
import type { Faults } from './fault.ts';

/** Whether the seals could be compared with their anchors outside of the database. */
export type AnchorCheck =
  | { readonly status: 'compared'; readonly compared: number; readonly unanchored: number }
  | { readonly status: 'could not run'; readonly reason: string };

/** The anchors of one organization in the bucket. */
export class Anchors {
  private readonly bucket: string;
  private readonly orgId: string;
  /** Keys that no seal has used yet. */
  private readonly keys: Set<string>;
  private compared = 0;
  private unanchored = 0;

  private constructor(bucket: string, orgId: string, keys: Set<string>) {
    this.bucket = bucket;
    this.orgId = orgId;
    this.keys = keys;
  }

  /** Lists the anchors, or returns why that failed. */
  static async open(orgId: string): Promise<Anchors | { readonly couldNotRun: string }> {
    return await orCouldNotRun(async () => {
      const { bucket } = evidenceConfig();
      const keys = new Set<string>();
      for await (const key of listEvidence(anchorPrefix(orgId))) keys.add(key);
      return new Anchors(bucket, orgId, keys);
    });
  }

  /** Compares a seal with its anchor. `buckets` are the buckets in which, according to the database, it has an anchor. */
  async compare(
    seal: Seal,
    buckets: readonly string[],
    faults: Faults,
  ): Promise<undefined | { readonly couldNotRun: string }> {
    const key = anchorKey(this.orgId, seal.seq);
    // An anchor that was written after the listing is not in the list, but in the database.
    if (!this.keys.delete(key) && !buckets.includes(this.bucket)) {
      this.unanchored += 1;
      return undefined;
    }
    return await orCouldNotRun(async () => {
      const bytes = await readEvidence(key);
      if (!bytes) {
        faults.add({
          kind: 'anchor_missing',
          seal: seal.seq,
          message: `seal ${seal.seq} was anchored, but s3://${this.bucket}/${key} is missing`,
        });
        return undefined;
      }
      this.compared += 1;
      if (Buffer.compare(bytes, Buffer.from(anchorBody(this.orgId, seal))) !== 0) {
        faults.add({
          kind: 'anchor_differs',
          seal: seal.seq,
          message: `seal ${seal.seq} has the hash ${seal.hash}, but s3://${this.bucket}/${key} contains another: the seal was altered or replaced after it was anchored`,
        });
      }
      return undefined;
    });
  }

  /**
   * The remaining anchors belong to seals that the database does not have. That is right only if the database is a copy of
   * an instant, and these seals were created later.
   */
  async finish(lastSeq: number, faults: Faults, asOf: Date | undefined): Promise<AnchorCheck> {
    const firstMissing = anchorKey(this.orgId, lastSeq + 1);
    const later = asOf && (await orCouldNotRun(() => wasAnchoredAfter(firstMissing, asOf)));
    if (typeof later === 'object') return { status: 'could not run', reason: later.couldNotRun };
    for (const key of this.keys) {
      // Seals follow each other: all seals after the first later one are later too.
      if (later && key >= firstMissing) continue;
      const seq = Number(/(\d+)\.json$/.exec(key)?.[1] ?? lastSeq + 1);
      faults.add({
        kind: 'seal_missing',
        seal: seq,
        message: `s3://${this.bucket}/${key} is the anchor of seal ${seq}, which is not in the database: the seal was removed, or the database is older than the seal`,
      });
    }
    return { status: 'compared', compared: this.compared, unanchored: this.unanchored };
  }
}

/** A seal contains the time at which it was started. Some time may pass until it is committed and reaches a copy. */
const sealingMs = 60_000;

/** Whether the seal of an anchor is too new for a copy of this instant. */
export async function wasAnchoredAfter(key: string, asOf: Date): Promise<boolean> {
  const bytes = await readEvidence(key);
  if (!bytes) return false;
  const sealedAt = sealedAtOf(bytes);
  return sealedAt !== undefined && sealedAt + sealingMs > asOf.getTime();
}

const Anchor = z.object({ seal: z.object({ sealedAt: z.iso.datetime() }) });

/** Undefined for bytes that are no anchor: anybody who may write to the bucket may have written them. */
function sealedAtOf(bytes: Uint8Array): number | undefined {
  try {
    return Date.parse(Anchor.parse(JSON.parse(Buffer.from(bytes).toString())).seal.sealedAt);
  } catch {
    return undefined;
  }
}

async function orCouldNotRun<T>(work: () => Promise<T>): Promise<T | { readonly couldNotRun: string }> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof AwsRefused || error instanceof AwsUnavailable || error instanceof MissingSetting) {
      return { couldNotRun: error.message };
    }
    throw error;
  }
}

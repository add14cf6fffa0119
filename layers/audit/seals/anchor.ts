import type pg from 'pg';
import { AwsRefused, AwsUnavailable } from '#platform/aws/call.ts';
import { EvidenceConflict, putEvidence } from '#platform/aws/evidence.ts';
import { evidenceConfig } from '#platform/config.ts';
import { MissingSetting } from '#platform/errors.ts';
import { inOrganizationAsJob } from '#tenancy/job-transaction.ts';
import { anchorKey } from './anchor-key.ts';
import { type Seal, sealHash, sealHeader } from './seal.ts';

/** The result for the seals that had no anchor yet. */
export interface Anchoring {
  readonly anchored: number;
  /** Why some seals still have no anchor. The next run anchors them. */
  readonly failure?: {
    readonly code: 'altered' | 'conflict' | 'refused' | 'unavailable' | 'not_configured';
    readonly message: string;
  };
}

/** The number of anchors that are written at once. */
const batchSeals = 16;

/** The content of a seal's anchor. It is always the same bytes for the same seal. */
export function anchorBody(orgId: string, seal: Seal): string {
  const { version, entries: _, ...fields } = seal;
  const anchor = {
    format: `stockade anchor ${version}`,
    organizationId: orgId,
    seal: version === 1 ? fields : seal,
    header: sealHeader(orgId, seal),
  };
  return `${JSON.stringify(anchor, null, 2)}\n`;
}

/**
 * Writes an anchor for every seal that has none in the evidence bucket, the oldest first. If that fails, the next run tries
 * again: the seals exist already, and writers never wait for S3.
 */
export async function anchorSeals(
  jobs: pg.ClientBase,
  orgId: string,
  { signal }: { readonly signal?: AbortSignal | undefined } = {},
): Promise<Anchoring> {
  let anchored = 0;
  try {
    const { bucket } = evidenceConfig();
    while (!signal?.aborted) {
      const seals = await unanchoredSeals(jobs, orgId, bucket);
      if (seals.length === 0) break;
      const altered = seals.find((seal) => sealHash(orgId, seal) !== seal.hash);
      if (altered) {
        // An anchor cannot be removed: the anchor of an altered seal would confirm the alteration.
        const message = `the hash of seal ${altered.seq} does not match its fields: npm run verify:ledger shows what was altered`;
        return { anchored, failure: { code: 'altered', message } };
      }
      const written = await Promise.all(
        seals.map((seal) => putEvidence(anchorKey(orgId, seal.seq), anchorBody(orgId, seal))),
      );
      for (const [index, { key, versionId }] of written.entries()) {
        await inOrganizationAsJob(jobs, orgId, 'write', {
          text: 'select inventory.note_seal_anchor($1, $2, $3, $4)',
          values: [seals[index]?.seq, bucket, key, versionId ?? null],
        });
        anchored += 1;
      }
    }
    return { anchored };
  } catch (error) {
    const code = failureCode(error);
    if (!code) throw error;
    return { anchored, failure: { code, message: (error as Error).message } };
  }
}

async function unanchoredSeals(jobs: pg.ClientBase, orgId: string, bucket: string): Promise<Seal[]> {
  const rows = await inOrganizationAsJob<{ seal: Seal }>(jobs, orgId, 'read', {
    text: `
      select inventory.seal_json(s) as seal
      from inventory.seals s
      where s.org_id = $1
        -- One after the other: a join would read all anchors first.
        and not exists (
          select from inventory.seal_anchors a where a.org_id = s.org_id and a.seq = s.seq and a.bucket = $2 offset 0
        )
      order by s.seq
      limit $3`,
    values: [orgId, bucket, batchSeals],
  });
  return rows.map(({ seal }) => seal);
}

function failureCode(error: unknown): NonNullable<Anchoring['failure']>['code'] | undefined {
  if (error instanceof EvidenceConflict) return 'conflict';
  if (error instanceof AwsRefused) return 'refused';
  if (error instanceof AwsUnavailable) return 'unavailable';
  if (error instanceof MissingSetting) return 'not_configured';
  return undefined;
}

import { readFile } from 'node:fs/promises';
import { beforeAll } from 'vitest';
import { anchorKey } from '#audit/seals/anchor-key.ts';
import { drawBoundary } from '#audit/seals/boundary.ts';
import type { MovementProof } from '#audit/seals/proof.ts';
import type { Seal } from '#audit/seals/seal.ts';
import { putEvidence } from '#platform/aws/evidence.ts';
import { evidenceConfig } from '#platform/config.ts';
import type { Caller } from '#tests/world.ts';
import type { SealedWorld } from './sealed-world.ts';

/** Seals, anchors and proofs as they were made in version 1. */
export interface Version1 {
  /** Seals everything that was posted, and anchors the seal. */
  seal(tenant: Caller): Promise<void>;
}

export function openVersion1(sealed: SealedWorld): Version1 {
  beforeAll(async () => {
    await sealed.superuser.query(await readFile(new URL('version-1.sql', import.meta.url), 'utf8'));
  });
  return {
    async seal(tenant) {
      const { superuser } = sealed;
      await drawBoundary(await sealed.world.connect('stockade_jobs'), tenant.id);
      await superuser.query('begin');
      await superuser.query('select tenancy.enter_as_job($1)', [tenant.id]);
      const { rows } = await superuser.query<{ seal: Omit<Seal, 'version' | 'entries'> }>(
        'select version_1.seal_next(1000) as seal',
      );
      const seal = rows[0]?.seal;
      if (!seal) throw new Error('there is nothing to seal');
      const { rows: headers } = await superuser.query<{ header: string }>(
        'select version_1.seal_header(s) as header from inventory.seals s where org_id = $1 and seq = $2',
        [tenant.id, seal.seq],
      );
      const anchor = {
        format: 'stockade anchor 1',
        organizationId: tenant.id,
        seal,
        header: headers[0]?.header,
      };
      const { key, versionId } = await putEvidence(
        anchorKey(tenant.id, seal.seq),
        `${JSON.stringify(anchor, null, 2)}\n`,
      );
      await superuser.query('select inventory.note_seal_anchor($1, $2, $3, $4)', [
        seal.seq,
        evidenceConfig().bucket,
        key,
        versionId ?? null,
      ]);
      await superuser.query('commit');
    },
  };
}

/** A proof in the form that was answered when there was version 1 only. */
export function firstForm({ format: _, movement, seal, chain, ...proof }: MovementProof): unknown {
  const { entryOccurredAt: _occurred, entryRecordedAt: _recorded, ...covered } = movement;
  const withoutVersion = ({ version: _version, entries: _entries, ...fields }: Seal) => fields;
  return {
    format: 'stockade proof 1',
    ...proof,
    movement: covered,
    seal: withoutVersion(seal),
    chain: chain.map(withoutVersion),
  };
}

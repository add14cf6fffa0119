import { anchorBody } from '#audit/seals/anchor.ts';
import { anchorKey } from '#audit/seals/anchor-key.ts';
import type { Seal } from '#audit/seals/seal.ts';
import { putEvidence } from '#platform/aws/evidence.ts';
import { evidenceConfig } from '#platform/config.ts';
import { balance, type FaultClass, sql } from './fault-class.ts';

/** Damage to seals and anchors. */
export const sealClasses: readonly FaultClass[] = [
  {
    name: 'a closing balance altered',
    skus: ['J'],
    cause: 'seal_altered',
    action: 'alerted',
    commit: sql(
      'alter table inventory.seal_closings disable trigger append_only',
      `update inventory.seal_closings set on_hand = on_hand + 1 where ${balance('J')}`,
      'alter table inventory.seal_closings enable always trigger append_only',
    ),
  },
  {
    name: 'a seal altered',
    skus: [],
    cause: 'seal_altered',
    action: 'alerted',
    commit: sql(
      'alter table inventory.seals disable trigger append_only',
      `update inventory.seals set movements = movements + 1
       where seq = 1 and org_id = (select id from tenancy.organizations where slug = 'target')`,
      'alter table inventory.seals enable always trigger append_only',
    ),
  },
  {
    name: 'an anchor missing',
    skus: [],
    cause: 'anchor_missing',
    action: 'alerted',
    // The database records an anchor of the second seal that was never written.
    commit: async (superuser, orgId) => {
      await superuser.query(
        `insert into inventory.seal_anchors (org_id, seq, bucket, key)
         select org_id, 2, bucket, replace(key, '1.json', '2.json') from inventory.seal_anchors where org_id = $1 and seq = 1`,
        [orgId],
      );
    },
  },
  {
    name: 'an anchor lost after it was written',
    skus: [],
    cause: 'anchor_missing',
    action: 'alerted',
    // The second seal: no other class anchors it in the shared bucket.
    commit: async (superuser, orgId, loseEvidence) => {
      const { rows } = await superuser.query<{ seal: Seal }>(
        'select inventory.seal_json(s) as seal from inventory.seals s where org_id = $1 and seq = 2',
        [orgId],
      );
      for (const { seal } of rows) {
        const { key, versionId } = await putEvidence(anchorKey(orgId, seal.seq), anchorBody(orgId, seal));
        await superuser.query(
          `insert into inventory.seal_anchors (org_id, seq, bucket, key, version_id)
           values ($1, $2, $3, $4, $5)`,
          [orgId, seal.seq, evidenceConfig().bucket, key, versionId],
        );
        await loseEvidence(key);
      }
    },
  },
];

import * as z from 'zod';
import { actions, causes } from '#audit/reconciliation/discrepancy.ts';
import type { RouteDocumentation } from '#http/openapi/documentation.ts';
import { Code } from '#ledger/input.ts';
import { Amount, Id, listOf, Time } from './answers.ts';
import { vocabulary } from './vocabulary.ts';

const Figures = z.strictObject({ onHand: Amount, reserved: Amount, version: z.int() }).nullable();

const Discrepancy = z.strictObject({
  sku: Code.nullable(),
  location: Code.nullable(),
  lot: z.string().nullable(),
  stored: Figures,
  computed: Figures,
  cause: z.enum(causes).nullable(),
  detail: z.record(z.string(), z.json()),
  action: z.enum(actions),
});
vocabulary.add(Discrepancy, {
  id: 'Discrepancy',
  description: 'A balance that differed from its movements.',
});
vocabulary.add(Discrepancy.shape.sku, {
  description: 'null for a discrepancy of the seals, which belongs to no balance.',
});
vocabulary.add(Discrepancy.shape.cause, {
  description:
    'The proven cause, or `unknown`: never a guess. `null` while the run is in progress. `docs/RECONCILIATION.md` describes the evidence for each.',
});
vocabulary.add(Discrepancy.shape.detail, { description: 'The evidence for the cause.' });
vocabulary.add(Discrepancy.shape.action, {
  description:
    '`corrected`: the balance now equals its movements. `alerted`: it was left, and an alert was sent. `applied`: a person had it corrected. `gone`: at a second check it was correct.',
});

const TriggerFault = z.strictObject({
  trigger: z.string(),
  fault: z.enum(['missing', 'disabled', 'not enabled always', 'defined otherwise', 'changed unseen']),
});
vocabulary.add(TriggerFault, {
  id: 'TriggerFault',
  description: 'A trigger of the ledger that was missing, disabled or changed.',
});

const Run = z.strictObject({
  id: Id,
  kind: z.enum(['daily', 'full']),
  status: z.enum(['running', 'finished', 'failed']),
  startedAt: Time,
  finishedAt: Time.nullable(),
  keysChecked: z.int().min(0),
  movementsRead: z.int().min(0),
  found: z.int().min(0),
  corrected: z.int().min(0),
  alerted: z.int().min(0),
  sealSeq: z.int().min(1).nullable(),
  newestEntryId: Id.nullable(),
  lagSeconds: z.number().min(0).nullable(),
  error: z.string().nullable(),
  triggerFaults: z.array(TriggerFault),
  discrepancies: z.array(Discrepancy),
});
vocabulary.add(Run, {
  id: 'Reconciliation',
  description: 'One comparison of the balances with the movements.',
});
vocabulary.add(Run.shape.kind, {
  description:
    '`daily`: every balance from its last closing balance on, and one thirtieth of the items from their first movement on. `full`: every balance from its first movement on.',
});
vocabulary.add(Run.shape.keysChecked, { description: 'The number of balances (item, location and lot).' });
vocabulary.add(Run.shape.found, { description: 'Balances that differed.' });
vocabulary.add(Run.shape.sealSeq, { description: 'The last seal at that time.' });
vocabulary.add(Run.shape.newestEntryId, { description: 'The newest entry that was compared.' });
vocabulary.add(Run.shape.lagSeconds, {
  description: 'The time between the newest compared entry and the newest entry at the end of the run.',
});
vocabulary.add(Run.shape.error, { description: 'Why the run failed, else `null`.' });
vocabulary.add(Run.shape.triggerFaults, {
  description: 'While there is a fault, nothing is corrected or sealed.',
});
vocabulary.add(Run.shape.discrepancies, { description: 'The first hundred.' });

const startedAt = '2026-03-02T02:00:00.120Z';
const counted = { onHand: 118, reserved: 0, version: 4 };

export const reconciliationRoutes: Readonly<Record<string, RouteDocumentation>> = {
  'GET /v1/reconciliations': {
    id: 'listReconciliations',
    summary: 'Lists the reconciliations and their discrepancies, the newest first',
    description:
      'Every day all balances are compared with their movements. Small differences are corrected in the balance, never in the ledger. Other differences are left and reported.',
    answer: listOf(Run),
    example: {
      answer: {
        data: [
          {
            id: '0197b6b2-1c1e-7a30-9d2f-3a5e0c7b1d42',
            kind: 'daily',
            status: 'finished',
            startedAt,
            finishedAt: '2026-03-02T02:00:00.410Z',
            keysChecked: 1204,
            movementsRead: 9731,
            found: 1,
            corrected: 1,
            alerted: 0,
            sealSeq: 41,
            newestEntryId: '0197b1f2-6c1e-7a30-9d2f-3a5e0c7b1d42',
            lagSeconds: 0,
            error: null,
            triggerFaults: [],
            discrepancies: [
              {
                sku: 'TEA-EARL-GREY',
                location: 'LONDON',
                lot: null,
                stored: { ...counted, onHand: 119 },
                computed: counted,
                cause: 'direct_write',
                detail: { history: 'sealed' },
                action: 'corrected',
              },
            ],
          },
        ],
        nextCursor: null,
      },
    },
  },
};

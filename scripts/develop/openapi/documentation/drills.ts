import * as z from 'zod';
import type { RouteDocumentation } from '#http/openapi/documentation.ts';
import { proofNames } from '#recovery/proofs/proof.ts';
import { listOf, Time } from './answers.ts';
import { vocabulary } from './vocabulary.ts';

const Seconds = z.number();
const Drill = z.strictObject({
  id: z.string(),
  kind: z.enum(['snapshot', 'point-in-time']),
  source: z.string(),
  snapshot: z.string().nullable(),
  asOf: Time,
  requestedAt: Time,
  availableAfterSeconds: Seconds.nullable(),
  queryableAfterSeconds: Seconds.nullable(),
  provenAfterSeconds: Seconds.nullable(),
  passed: z.boolean().nullable(),
  summary: z.string().nullable(),
  loss: z.strictObject({ seconds: Seconds, entries: z.int().min(0), movements: z.int().min(0) }).nullable(),
  proofs: z.array(
    z.strictObject({
      proof: z.enum(proofNames),
      verdict: z.enum(['passed', 'failed', 'could not run', 'does not apply']),
      faults: z.array(z.string()),
      faultCount: z.int().min(0),
    }),
  ),
  tornDownAt: Time.nullable(),
});
vocabulary.add(Drill, {
  id: 'Drill',
  description: 'A test of a backup: restored beside production, proven and torn down.',
});
vocabulary.add(Drill.shape.asOf, { description: 'The point in time that was restored.' });
vocabulary.add(Drill.shape.passed, {
  description: 'Null while the drill is in progress. A proof that could not run has not passed.',
});
vocabulary.add(Drill.shape.loss, {
  description:
    'The entries that production had at the time of the request and the copy lacks; null when not known.',
});

const Unreadable = z.array(z.string());
vocabulary.add(Unreadable, {
  description:
    'Objects of the evidence bucket that stand where records of these drills do, or under a key of no drill, and are no records: somebody else has written them.',
});

const Trend = z
  .strictObject({
    promisedSeconds: Seconds,
    perWeekSeconds: Seconds,
    brokenInWeekOf: z.iso.date().nullable(),
  })
  .nullable();
vocabulary.add(Trend, {
  description:
    'The trend of the time from request to proof: by how much it grows per week, and the Monday of the week in which it will exceed the promise, if any. Null for fewer than three drills.',
});

export const drillRoutes: Readonly<Record<string, RouteDocumentation>> = {
  'GET /platform/drills': {
    id: 'listDrills',
    summary: 'Lists the drills of the backups, the newest first',
    answer: listOf(Drill).extend({ unreadable: Unreadable, trend: Trend }),
    example: {
      answer: {
        data: [
          {
            id: '000042',
            kind: 'snapshot',
            source: 'stockade',
            snapshot: 'rds:stockade-2026-03-01-03-10',
            asOf: '2026-03-01T03:10:00.000Z',
            requestedAt: '2026-03-01T04:00:00.000Z',
            availableAfterSeconds: 840,
            queryableAfterSeconds: 871,
            provenAfterSeconds: 1_310,
            passed: true,
            summary: 'Proven: schema, heap, indexes, balances, seals.',
            loss: { seconds: 2_990, entries: 412, movements: 1_030 },
            proofs: [{ proof: 'balances', verdict: 'passed', faults: [], faultCount: 0 }],
            tornDownAt: '2026-03-01T04:26:00.000Z',
          },
        ],
        nextCursor: null,
        unreadable: [],
        trend: { promisedSeconds: 7_200, perWeekSeconds: 12.5, brokenInWeekOf: '2035-01-01' },
      },
    },
  },
};

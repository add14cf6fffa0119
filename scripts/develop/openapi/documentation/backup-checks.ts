import * as z from 'zod';
import { blindReasons } from '#recovery/monitor/blindness.ts';
import { checkStatuses } from '#recovery/monitor/check.ts';
import { Time } from './answers.ts';
import { vocabulary } from './vocabulary.ts';

export const BackupCheck = z.strictObject({
  check: z.string(),
  title: z.string(),
  status: z.enum(checkStatuses),
  reason: z.enum(blindReasons).nullable(),
  summary: z.string(),
  facts: z.record(z.string(), z.json()),
  runbook: z.string(),
  since: Time,
  checkedAt: Time,
  stale: z.boolean(),
  alertedAt: Time.nullable(),
});
vocabulary.add(BackupCheck, {
  id: 'BackupCheck',
  description: 'How one check of the backups stood in the last run of the monitor.',
});
vocabulary.add(BackupCheck.shape.title, { description: 'What is so when it is ok.' });
vocabulary.add(BackupCheck.shape.status, {
  description:
    '`could_not_run` is never as good as `ok`: nobody knows. `not_applicable`: there is nothing of the kind where the database runs; it counts with neither.',
});
vocabulary.add(BackupCheck.shape.reason, {
  description: 'Why it could not run; null for every other status.',
});
vocabulary.add(BackupCheck.shape.facts, { description: 'The figures of the summary.' });
vocabulary.add(BackupCheck.shape.runbook, { description: 'The page that says what to do.' });
vocabulary.add(BackupCheck.shape.since, { description: 'Since when it has this status.' });
vocabulary.add(BackupCheck.shape.stale, {
  description: 'The monitor has not looked for three hours: it is not known whether it still is so.',
});
vocabulary.add(BackupCheck.shape.alertedAt, {
  description:
    'When somebody was told last that it is wrong; null when nobody was, and when it is well again.',
});

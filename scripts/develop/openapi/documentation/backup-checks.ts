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
  description: 'The result of one backup check in the last run of the monitor.',
});
vocabulary.add(BackupCheck.shape.title, { description: 'What holds when the check is ok.' });
vocabulary.add(BackupCheck.shape.status, {
  description:
    '`could_not_run`: the result is unknown, which never counts as `ok`. `not_applicable`: the check makes no sense where the database runs; it counts neither as passed nor as failed.',
});
vocabulary.add(BackupCheck.shape.reason, {
  description: 'Why the check could not run; null for every other status.',
});
vocabulary.add(BackupCheck.shape.facts, { description: 'The figures of the summary.' });
vocabulary.add(BackupCheck.shape.runbook, { description: 'The page with the remedy.' });
vocabulary.add(BackupCheck.shape.since, {
  description: 'The time since which the check has had this status.',
});
vocabulary.add(BackupCheck.shape.stale, {
  description: 'The monitor has not run for three hours: the result may be outdated.',
});
vocabulary.add(BackupCheck.shape.alertedAt, {
  description:
    'The time of the last alert about this check; null without one, and when the check is ok again.',
});

import { job } from '#platform/job.ts';
import { lastDrill } from '#recovery/drill/records.ts';
import { type MonitorReport, measureRun, monitorBackups } from '#recovery/monitor/monitor.ts';
import { configuredSource } from '#recovery/monitor/source-of.ts';
import { inJobs } from '#tenancy/jobs.ts';

/** Checks the backups every hour and reports changes. */
export const handler = job(async (): Promise<MonitorReport> => {
  const report = await monitorBackups({ rds: configuredSource(), inJobs, lastDrill });
  measureRun(report);
  return report;
});

import type { CheckResult } from '#recovery/monitor/check.ts';
import { checkBackups, type MonitorOptions } from '#recovery/monitor/monitor.ts';
import { configuredSource } from '#recovery/monitor/source-of.ts';
import { inJobs } from '#tenancy/jobs.ts';
import { goodDrill } from '../backed-up-world.ts';

/** Runs every check. */
export async function look(options: Partial<MonitorOptions> = {}): Promise<Map<string, CheckResult>> {
  const results = await checkBackups({
    rds: configuredSource(),
    inJobs,
    lastDrill: async () => goodDrill(options.now),
    ...options,
  });
  return new Map(results.map((each) => [each.check, each]));
}

/** Runs every check and gives the result of one. */
export async function lookAt(check: string, options?: Partial<MonitorOptions>): Promise<CheckResult> {
  const result = (await look(options)).get(check);
  if (!result) throw new Error(`there is no check ${check}`);
  return result;
}

import { vi } from 'vitest';

/** What was measured while something was done, by name: every figure, in its order. */
export type Measured = Readonly<Record<string, readonly number[] | undefined>>;

/** Does something and reads from standard output what it measured, as CloudWatch does; also when it fails. */
export async function measuredBy(work: () => Promise<unknown>): Promise<Measured> {
  const written: string[] = [];
  const write = vi
    .spyOn(process.stdout, 'write')
    .mockImplementation((text) => written.push(String(text)) > 0);
  vi.stubEnv('POWERTOOLS_METRICS_DISABLED', 'false');
  try {
    await work().catch(() => {});
  } finally {
    vi.unstubAllEnvs();
    write.mockRestore();
  }
  const measured: Record<string, number[]> = {};
  for (const text of written.filter((each) => each.includes('CloudWatchMetrics'))) {
    const line = JSON.parse(text);
    for (const { Namespace, Metrics } of line._aws.CloudWatchMetrics) {
      if (Namespace !== 'Stockade') continue;
      for (const { Name } of Metrics) measured[Name] = [...(measured[Name] ?? []), line[Name]].flat();
    }
  }
  return measured;
}

import { Metrics, MetricUnit } from '@aws-lambda-powertools/metrics';
import { environment } from './environment.ts';

/** What is counted, by the name it has in CloudWatch, namespace `Stockade`. */
export type CountedEvent =
  /** A valid credential was refused because of the organization that the request names. */
  'OrganizationMismatch';

/** What is measured, by its name in CloudWatch, with its unit. Silence of a heartbeat is what its alarm waits for. */
const units = {
  /** A tick of the reconciliation came to its end. */
  ReconciliationHeartbeat: MetricUnit.Count,
  KeysChecked: MetricUnit.Count,
  BalancesCorrected: MetricUnit.Count,
  DiscrepanciesAlerted: MetricUnit.Count,
  /** Organizations whose run failed. */
  ReconciliationFailures: MetricUnit.Count,
  ReconciliationDurationMs: MetricUnit.Milliseconds,
  /** Since the last run began that found everything right; of the organization of which that is the longest ago. */
  ReconciliationLagSeconds: MetricUnit.Seconds,
  /** A run of the monitor of the backups came to its end, and told what it had to tell. */
  BackupMonitorHeartbeat: MetricUnit.Count,
  BackupChecksFailing: MetricUnit.Count,
  BackupChecksBlind: MetricUnit.Count,
  BackupChecksWarning: MetricUnit.Count,
} as const;
export type MeasuredFigure = keyof typeof units;

const stage = process.env[environment.stage];

const metrics = new Metrics({
  namespace: 'Stockade',
  serviceName: 'stockade',
  // Stages may share an account, and an alarm of one must not hear another.
  ...(stage && { defaultDimensions: { stage } }),
});

/**
 * Counts an event, in CloudWatch's embedded metric format on standard output. `metadata` is kept with the event and is no
 * dimension, which would cost a metric for each of its values.
 */
export function count(event: CountedEvent, metadata: Readonly<Record<string, string>> = {}): void {
  // One at a time and written at once: a local platform serves many requests in one process.
  const metric = metrics.singleMetric();
  for (const [name, value] of Object.entries(metadata)) metric.addMetadata(name, value);
  metric.addMetric(event, MetricUnit.Count, 1);
}

/** Writes down a figure, the same way. */
export function measure(figure: MeasuredFigure, value: number): void {
  metrics.singleMetric().addMetric(figure, units[figure], value);
}

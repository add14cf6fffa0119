import { Metrics, MetricUnit } from '@aws-lambda-powertools/metrics';
import { environment } from './environment.ts';

/** The events that are counted, by their names in CloudWatch, namespace `Stockade`. */
export type CountedEvent =
  /** A valid credential was refused because of the organization that the request names. */
  | 'OrganizationMismatch'
  /** A login role had other settings than those of this release, or the database refused its password. */
  | 'LoginChanged';

/** The figures that are measured, by their names in CloudWatch, with their units. An alarm watches for the silence of a heartbeat. */
const units = {
  /** A tick of the reconciliation finished. */
  ReconciliationHeartbeat: MetricUnit.Count,
  KeysChecked: MetricUnit.Count,
  BalancesCorrected: MetricUnit.Count,
  DiscrepanciesAlerted: MetricUnit.Count,
  /** Organizations whose run failed. */
  ReconciliationFailures: MetricUnit.Count,
  ReconciliationDurationMs: MetricUnit.Milliseconds,
  /** The time since the last run began that found everything right, for the organization where that is longest ago. */
  ReconciliationLagSeconds: MetricUnit.Seconds,
  /** A run of the backup monitor finished and sent its alerts. */
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
  // Stages may share an account. An alarm of one stage must not react to another stage.
  ...(stage && { defaultDimensions: { stage } }),
});

/**
 * Counts an event, in CloudWatch's embedded metric format on standard output. `metadata` is stored with the event but is
 * not a dimension: a dimension would cost one metric for each of its values.
 */
export function count(event: CountedEvent, metadata: Readonly<Record<string, string>> = {}): void {
  // One event at a time, written at once: a local platform serves many requests in one process.
  const metric = metrics.singleMetric();
  for (const [name, value] of Object.entries(metadata)) metric.addMetadata(name, value);
  metric.addMetric(event, MetricUnit.Count, 1);
}

/** Writes a figure in the same format. */
export function measure(figure: MeasuredFigure, value: number): void {
  metrics.singleMetric().addMetric(figure, units[figure], value);
}

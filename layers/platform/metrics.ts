import { Metrics, MetricUnit } from '@aws-lambda-powertools/metrics';

/** What is counted, by the name it has in CloudWatch, namespace `Stockade`. */
export type CountedEvent =
  /** A valid credential was refused because of the organization that the request names. */
  'OrganizationMismatch';

const metrics = new Metrics({ namespace: 'Stockade', serviceName: 'stockade' });

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

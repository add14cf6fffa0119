import { Metrics, MetricUnit } from '@aws-lambda-powertools/metrics';
import { environment } from './environment.ts';

/** What is counted, by the name it has in CloudWatch, namespace `Stockade`. */
export type CountedEvent =
  /** A valid credential was refused because of the organization that the request names. */
  'OrganizationMismatch';

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

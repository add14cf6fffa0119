import { Refusal } from '#platform/refusal.ts';

/** An export, import or erasure stopped. */
export class PortabilityError extends Refusal {
  override readonly name = 'PortabilityError';
}

import { Refusal } from '#platform/refusal.ts';

/** Recovery refuses a request that could damage what it protects, or that it cannot fulfil. */
export class RecoveryRefused extends Refusal {
  override readonly name = 'RecoveryRefused';
}

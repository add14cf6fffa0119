import { Refusal } from '#platform/refusal.ts';

/** Recovery was asked for what it does not do, because it could touch what it is there to save, or cannot. */
export class RecoveryRefused extends Refusal {
  override readonly name = 'RecoveryRefused';
}

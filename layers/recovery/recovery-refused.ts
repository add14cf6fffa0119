/** Recovery was asked for what it does not do, because it could touch what it is there to save. */
export class RecoveryRefused extends Error {
  override readonly name = 'RecoveryRefused';
}

/** Recovery was asked for what it does not do, because it could touch what it is there to save, or cannot. */
export class RecoveryRefused extends Error {
  override readonly name = 'RecoveryRefused';
  /** What to do instead; undefined when the message says so. */
  readonly remedy: string | undefined;

  constructor(message: string, remedy?: string) {
    super(message);
    this.remedy = remedy;
  }
}

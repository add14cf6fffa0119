/**
 * An export, import or erasure that stopped for a reason an operator can act on.
 * `message` says what is wrong and where, `remedy` what to do about it.
 */
export class PortabilityError extends Error {
  override readonly name = 'PortabilityError';
  /** Marks an expected failure: a command prints it without a stack. */
  readonly operational = true;
  readonly remedy: string;

  constructor(message: string, remedy: string, options?: ErrorOptions) {
    super(message, options);
    this.remedy = remedy;
  }
}

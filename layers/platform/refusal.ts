/**
 * A request cannot be fulfilled, for a reason that the person who asked can act on. Every error that people see extends
 * this class. A command prints it without a stack.
 *
 * @example throw new Refusal('production has no snapshot that is available', 'Create one, or name a point in time with --at.')
 */
export class Refusal extends Error {
  override readonly name: string = 'Refusal';
  /** What to do about it. Undefined when the message already says it. */
  readonly remedy: string | undefined;

  constructor(message: string, remedy?: string, options?: ErrorOptions) {
    super(message, options);
    this.remedy = remedy;
  }
}

/** The local Postgres could not be started; the message says which thing is in the way and what to do. */
export class StartFailure extends Error {
  override readonly name = 'StartFailure';
  /** Told without a stack: its words say what to do. */
  readonly operational = true;
}

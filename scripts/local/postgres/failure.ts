/** The local Postgres could not be started; the message says which thing is in the way and what to do. */
export class StartFailure extends Error {
  override readonly name = 'StartFailure';
}

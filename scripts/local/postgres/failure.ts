import { Refusal } from '#platform/refusal.ts';

/** The local Postgres could not be started; the message says which thing is in the way and what to do. */
export class StartFailure extends Refusal {
  override readonly name = 'StartFailure';

  constructor(message: string, options?: ErrorOptions) {
    super(message, undefined, options);
  }
}

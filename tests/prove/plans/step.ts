import type { Party } from './party.ts';

/** One request, or one run of a job. */
export interface Step {
  /** The route as in `functions/routes.ts`, or the name of the job. */
  readonly of: string;
  readonly name: string;
  /**
   * Statements within functions are planned for their values five times in a session. Then one plan may serve all values, so
   * that a step that calls such functions is taken more often.
   */
  readonly times?: number;
  take(party: Party): Promise<unknown>;
}

/** What a drill waits for before its next step. */
export type DrillWait =
  /** RDS creates the copy. */
  | { readonly for: 'creation'; readonly instance: string }
  /** RDS deletes the copy. */
  | { readonly for: 'deletion'; readonly instance: string }
  /** The copy exists, and its status does not allow the next step yet. */
  | { readonly for: 'instance'; readonly instance: string; readonly status: string }
  /** RDS does not accept a new master password yet. */
  | { readonly for: 'password'; readonly instance: string }
  /** Someone asked to keep the copy until its lifetime ends. */
  | { readonly for: 'lifetime' }
  /** This tick has too little time left to begin the proofs. */
  | { readonly for: 'time' }
  /** The verdict is recorded; the next tick deletes the copy. */
  | { readonly for: 'tear-down' }
  /** Another run has taken over and runs the proofs. */
  | { readonly for: 'other-run' };

/** The words for a wait, to follow "Waiting for". */
export function waitText(wait: DrillWait): string {
  switch (wait.for) {
    case 'creation':
      return `${wait.instance} to be created`;
    case 'deletion':
      return `${wait.instance} to be deleted`;
    case 'instance':
      return `${wait.instance}, now ${wait.status}`;
    case 'password':
      return `${wait.instance} to accept a new master password`;
    case 'lifetime':
      return 'the end of its lifetime';
    case 'time':
      return 'a run with more time left';
    case 'tear-down':
      return 'the next run, which deletes its instance';
    case 'other-run':
      return 'another run, which proves it now';
  }
}

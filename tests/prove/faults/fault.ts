import type { Attacked } from './attacked.ts';
import type { AttackedServer } from './server.ts';

/** Something that goes wrong while clients work. */
export interface Fault {
  readonly name: string;
  /** What happens, in one sentence. */
  readonly does: string;
  /** Why it cannot be done here; undefined when it can. It needs a server of its own where it asks for one. */
  readonly cannot?: (server: AttackedServer | undefined) => string | undefined;
  /** Whether the jobs run, which need S3, SNS and RDS. */
  readonly needsAws?: true;
  /** Whether requests must not notice it. */
  readonly isSilent?: true;
  /** The codes of refusals that it may cause, beside 503. */
  readonly refusals?: readonly string[];
  /** Begins and ends it. Returns how often it struck, and what was wrong with it. */
  readonly strike: (attacked: Attacked, signal: AbortSignal) => Promise<Strike>;
}

export interface Strike {
  readonly times: number;
  readonly wrong?: readonly string[];
}

/** A fault of the server needs one that nobody else uses. */
export const needsServer: Fault['cannot'] = (server) => (server ? undefined : 'it needs a server of its own');

export function serverOf({ server }: Attacked): AttackedServer {
  if (!server) throw new Error('this fault needs a server of its own: see cannot()');
  return server;
}

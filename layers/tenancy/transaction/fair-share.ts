import { tooManyUnderWay } from '#platform/errors.ts';

/** How many transactions of one credential a process has under way at once: less than its connections, so that others get one. */
const most = 8;
/** How long a transaction waits for its turn: as long as for a connection. */
const maxWaitMs = 5_000;

/** Those of one credential. */
interface Line {
  underWay: number;
  readonly waiting: (() => void)[];
}

/**
 * Lets each credential have a share of the connections of a process. What is beyond it waits in a line of its own, where it is
 * in nobody else's way. A function on Lambda has one request at a time and never waits here: across processes, the database
 * counts the transactions of an organization.
 */
export class FairShare {
  private readonly lines = new Map<string, Line>();
  private readonly limits: { readonly most: number; readonly maxWaitMs: number };

  constructor(limits = { most, maxWaitMs }) {
    this.limits = limits;
  }

  /**
   * Does the work when it is the credential's turn, in the order of the calls.
   * @throws Problem `too_many_requests` when its turn does not come; nothing was done
   */
  async take<T>(credential: string, work: () => Promise<T>): Promise<T> {
    const line = this.lineOf(credential);
    if (line.underWay < this.limits.most) line.underWay += 1;
    else await this.turn(line);
    try {
      return await work();
    } finally {
      this.leave(credential, line);
    }
  }

  private lineOf(credential: string): Line {
    const line = this.lines.get(credential) ?? { underWay: 0, waiting: [] };
    this.lines.set(credential, line);
    return line;
  }

  private async turn({ waiting }: Line): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const timer = setTimeout(() => {
      waiting.splice(waiting.indexOf(resolve), 1);
      reject(tooManyUnderWay());
    }, this.limits.maxWaitMs);
    waiting.push(resolve);
    await promise.finally(() => clearTimeout(timer));
  }

  /** The place of one that has ended goes to the next of its line. */
  private leave(credential: string, line: Line): void {
    const next = line.waiting.shift();
    if (next) next();
    else line.underWay -= 1;
    if (line.underWay === 0) this.lines.delete(credential);
  }
}

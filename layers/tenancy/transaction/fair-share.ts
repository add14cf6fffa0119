import { tooManyUnderWay } from '#platform/errors.ts';

/** How many places one credential has in a process: less than its connections, so that others get one. */
const places = 8;
/** So many rows take one place, as many as a usual page has: of the longest pages two run at once, and a large entry runs alone. */
const rowsOfPlace = 50;
/** How long a transaction waits for its turn: as long as for a connection. */
const maxWaitMs = 5_000;

interface Waiting {
  readonly places: number;
  readonly begin: () => void;
}

/** Those of one credential. */
interface Line {
  taken: number;
  readonly waiting: Waiting[];
}

/**
 * Lets each credential have a share of a process. A transaction takes one place, and one of many rows takes several: a
 * thousand lines keep a core of the database busy as long as a hundred single ones. What is beyond the share waits in a
 * line of its own, where it is in nobody else's way. A function on Lambda has one request at a time and never waits here:
 * across processes, the database counts the transactions of an organization.
 */
export class FairShare {
  private readonly lines = new Map<string, Line>();
  private readonly limits: { readonly places: number; readonly maxWaitMs: number };

  constructor(limits = { places, maxWaitMs }) {
    this.limits = limits;
  }

  /**
   * Does the work when it is the credential's turn, in the order of the calls. `rows` is how many rows it may read or write.
   * @throws Problem `too_many_requests` when its turn does not come; nothing was done
   */
  async take<T>(credential: string, rows: number, work: () => Promise<T>): Promise<T> {
    const line = this.lineOf(credential);
    const taken = Math.min(Math.ceil(Math.max(rows, 1) / rowsOfPlace), this.limits.places);
    await this.turn(line, taken);
    try {
      return await work();
    } finally {
      line.taken -= taken;
      this.admit(line);
      if (line.taken === 0) this.lines.delete(credential);
    }
  }

  private lineOf(credential: string): Line {
    const line = this.lines.get(credential) ?? { taken: 0, waiting: [] };
    this.lines.set(credential, line);
    return line;
  }

  private async turn(line: Line, places: number): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const timer = setTimeout(() => {
      line.waiting.splice(line.waiting.indexOf(waiting), 1);
      reject(tooManyUnderWay());
      // Those behind it may need fewer places.
      this.admit(line);
    }, this.limits.maxWaitMs);
    const waiting: Waiting = {
      places,
      begin: () => {
        clearTimeout(timer);
        resolve();
      },
    };
    line.waiting.push(waiting);
    this.admit(line);
    await promise;
  }

  /** Nobody overtakes: one that needs all places would never have its turn. */
  private admit(line: Line): void {
    for (let next = line.waiting[0]; next; next = line.waiting[0]) {
      if (line.taken + next.places > this.limits.places) return;
      line.taken += next.places;
      line.waiting.shift();
      next.begin();
    }
  }
}

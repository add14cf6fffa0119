/** Which program answers now. */
export type Program = 'old' | 'new';

/**
 * Sends each request to the program that answers now. For the switch it holds new requests back, as a load balancer does, and
 * lets those under way end. A held request waits; it does not fail.
 */
export class Switchboard {
  private program: Program = 'old';
  private underWay = 0;
  private held: PromiseWithResolvers<void> | undefined;
  private idle: PromiseWithResolvers<void> | undefined;

  /** Runs a request with the program that answers, after the hold if there is one. */
  async route<Result>(request: (program: Program) => Promise<Result>): Promise<Result> {
    while (this.held) await this.held.promise;
    this.underWay += 1;
    try {
      return await request(this.program);
    } finally {
      this.underWay -= 1;
      if (this.underWay === 0) this.idle?.resolve();
    }
  }

  /** Holds new requests back. Resolves when none is under way. */
  async hold(): Promise<void> {
    this.held ??= Promise.withResolvers();
    if (this.underWay === 0) return;
    this.idle = Promise.withResolvers();
    await this.idle.promise;
    this.idle = undefined;
  }

  /** Lets the held requests go to a program. */
  release(program: Program): void {
    this.program = program;
    this.held?.resolve();
    this.held = undefined;
  }
}

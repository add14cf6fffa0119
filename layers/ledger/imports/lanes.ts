/**
 * Runs work on several connections at the same time, one piece on each. The pieces of one owner run one after the other, in
 * the order in which they were given. After a failure nothing new is started.
 */
export class Lanes<Connection, Owner> {
  private readonly free: Connection[];
  /** Those that wait for a connection, the first one first. */
  private readonly waiting: ((connection: Connection) => void)[] = [];
  private readonly lastOf = new Map<Owner, Promise<unknown>>();
  private readonly running = new Set<Promise<unknown>>();
  private failure: { readonly error: unknown } | undefined;

  constructor(connections: readonly Connection[]) {
    this.free = [...connections];
  }

  /**
   * Waits until a connection is free, starts the work and returns. So as many pieces are held as there are connections.
   * @throws the failure of an earlier piece
   */
  async start(owner: Owner, work: (connection: Connection) => Promise<void>): Promise<void> {
    await this.lastOf.get(owner)?.catch(() => {});
    this.throwFailure();
    const connection = await this.take();
    if (this.failure) this.release(connection);
    this.throwFailure();
    const piece = work(connection)
      .catch((error) => {
        this.failure ??= { error };
      })
      .finally(() => {
        this.release(connection);
        this.running.delete(piece);
        if (this.lastOf.get(owner) === piece) this.lastOf.delete(owner);
      });
    this.running.add(piece);
    this.lastOf.set(owner, piece);
  }

  /** Waits until nothing runs. @throws the first failure */
  async finish(): Promise<void> {
    while (this.running.size > 0) await Promise.all(this.running);
    this.throwFailure();
  }

  private async take(): Promise<Connection> {
    return this.free.pop() ?? (await new Promise((resolve) => this.waiting.push(resolve)));
  }

  private release(connection: Connection): void {
    const next = this.waiting.shift();
    if (next) next(connection);
    else this.free.push(connection);
  }

  private throwFailure(): void {
    if (this.failure) throw this.failure.error;
  }
}

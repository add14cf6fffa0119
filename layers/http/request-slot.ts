import type { HttpEvent } from './event.ts';

/**
 * What one middleware leaves for those after it in the chain. A value belongs to the event of its request, so that requests
 * which run at the same time, as on a local platform, never see each other's.
 *
 * @example
 * const caller = new RequestSlot<Caller>('the caller', 'tenantResolution()');
 * caller.set(event, { kind: 'public' });
 * caller.of(event); // { kind: 'public' }
 */
export class RequestSlot<Value extends object> {
  private readonly values = new WeakMap<HttpEvent, Value>();
  private readonly what: string;
  private readonly leftBy: string;

  /**
   * @param what what the value is, for the error when it is missing
   * @param leftBy the middleware that leaves it
   */
  constructor(what: string, leftBy: string) {
    this.what = what;
    this.leftBy = leftBy;
  }

  set(event: HttpEvent, value: Value): void {
    this.values.set(event, value);
  }

  /** The value, or undefined when the middleware has not come to it. */
  find(event: HttpEvent): Value | undefined {
    return this.values.get(event);
  }

  /** @throws MissingFromChain when the middleware that leaves the value has not run for this request */
  of(event: HttpEvent): Value {
    const value = this.values.get(event);
    if (value === undefined) throw new MissingFromChain(this.what, this.leftBy);
    return value;
  }
}

/** The chain lacks a middleware, or has it too late. */
export class MissingFromChain extends Error {
  override readonly name = 'MissingFromChain';

  constructor(what: string, leftBy: string) {
    super(`${what} is not known: put .use(${leftBy}) into the chain, before what needs it`);
  }
}

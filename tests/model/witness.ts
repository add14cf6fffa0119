import assert from 'node:assert/strict';
import type { Instant } from './model.ts';

/**
 * What only the product can know of an answer: the ids it drew and the times it noted. The model takes them from the
 * answer, but not on trust: an id must be new, and a time must lie within the request.
 */
export class Witness {
  private readonly body: Readonly<Record<string, unknown>>;
  private readonly sentAtMs: number;
  private readonly answeredAtMs: number;
  private readonly ids: Set<string>;

  constructor(
    answer: { readonly body: unknown; readonly sentAtMs: number; readonly answeredAtMs: number },
    /** Every id that was ever seen, of whichever organization. */
    ids: Set<string>,
  ) {
    this.body = (answer.body ?? {}) as Record<string, unknown>;
    this.sentAtMs = answer.sentAtMs;
    this.answeredAtMs = answer.answeredAtMs;
    this.ids = ids;
  }

  /** A new id. An answer that has none gets a text in its place, which it then differs by. */
  id(field: string): string {
    const id = this.body[field];
    if (typeof id !== 'string') return '(a new id)';
    assert.match(id, /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/, `${field} is an id`);
    assert(!this.ids.has(id), `${field} ${id} is an id that was there already`);
    this.ids.add(id);
    return id;
  }

  /** The time of the request, to the millisecond: Postgres may round up what JavaScript cuts off. */
  time(field: string): Instant {
    const time = this.body[field];
    if (typeof time !== 'string') return '(now)';
    assert.match(time, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/, `${field} is a time`);
    const ms = Date.parse(time);
    assert(
      ms >= this.sentAtMs - 1 && ms <= this.answeredAtMs + 1,
      `${field} ${time} is not within the request`,
    );
    return time;
  }

  /** The witness of an object within the answer. */
  of(field: string): Witness {
    const { sentAtMs, answeredAtMs, ids } = this;
    return new Witness({ body: this.body[field], sentAtMs, answeredAtMs }, ids);
  }

  /** Where a list goes on: opaque, so that it is there is all the model knows. */
  cursor(): string {
    const { nextCursor } = this.body;
    return typeof nextCursor === 'string' && nextCursor !== '' ? nextCursor : '(a cursor)';
  }
}

import assert from 'node:assert/strict';
import type { Answer } from '#tests/world.ts';
import { answer } from './answer.ts';
import type { Expected } from './refusal.ts';
import type { Request } from './request.ts';
import type { Side } from './side.ts';
import { traceLine } from './trace.ts';
import { Witness } from './witness.ts';

/** One sequence: two organizations, what was asked of them so far, and how it was answered. */
export class Play {
  readonly sides: readonly [Side, Side];
  /** Each operation as a line. */
  readonly trace: string[] = [];
  readonly ids = new Set<string>();
  readonly cursors = new Map<string, readonly string[]>();

  constructor(sides: readonly [Side, Side]) {
    this.sides = sides;
  }

  /** A tenant of an operation, and the other one. */
  sidesOf(tenant: 0 | 1): readonly [own: Side, other: Side] {
    const [first, second] = this.sides;
    return tenant === 0 ? [first, second] : [second, first];
  }

  /** Sends a request of the sequence and holds the answer against the model's. */
  async ask(side: Side, request: Request): Promise<Answer> {
    const { real, line, compare } = await this.send(side, request);
    this.trace.push(line);
    compare();
    note(side, request, real);
    return real;
  }

  /** The same for a read that is not of the sequence: it is traced only when the answers differ. */
  async check(side: Side, path: string): Promise<Answer> {
    const { real, line, compare } = await this.send(side, { method: 'GET', path });
    try {
      compare();
    } catch (error) {
      this.trace.push(line);
      throw error;
    }
    return real;
  }

  private async send(side: Side, request: Request) {
    const { ledger } = side;
    const { real, sentAtMs, answeredAtMs } = await send(side, request);
    const compare = () => {
      const witness = new Witness({ body: real.body, sentAtMs, answeredAtMs }, this.ids);
      const expected = answer({ ledger, witness, cursors: this.cursors }, request);
      assert.deepEqual(shown(real), wanted(expected));
    };
    return { real, line: traceLine(ledger, request, real), compare };
  }
}

export async function send({ caller }: Side, { method, path, body, idempotencyKey }: Request) {
  const sentAtMs = Date.now();
  const real = await caller.request(
    method,
    path,
    body,
    idempotencyKey === undefined ? {} : { 'idempotency-key': idempotencyKey },
  );
  return { real, sentAtMs, answeredAtMs: Date.now() };
}

/** Keeps what later operations go back to. */
function note({ keyed, open }: Side, request: Request, { body }: Answer): void {
  if (request.idempotencyKey !== undefined) keyed.push(request);
  if (request.method === 'GET' && body?.nextCursor)
    open.push({ path: request.path, cursor: body.nextCursor });
}

const problemFields = ['type', 'title', 'status', 'code', 'detail', 'requestId', 'errors', 'lines', 'state'];

/** An answer in the form in which the model has it. */
export function shown({ status, headers, body }: Answer) {
  const replayed = headers.get('idempotent-replayed') === 'true';
  if (status < 400) return { status, body, replayed };
  const fields = body.errors?.map(({ field }: { field: string }) => field).sort();
  const unknown = Object.keys(body).filter((field) => !problemFields.includes(field));
  assert.deepEqual(
    [headers.get('content-type'), body.status, unknown],
    ['application/problem+json; charset=utf-8', status, []],
  );
  return { status, refused: { code: body.code, fields, lines: body.lines }, replayed };
}

export function wanted({ status, body, refused, replayed = false }: Expected) {
  return refused ? { status, refused, replayed } : { status, body, replayed };
}

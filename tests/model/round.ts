import assert from 'node:assert/strict';
import fc from 'fast-check';
import { answer } from './answer.ts';
import { type AskOperation, writing } from './operations/operations.ts';
import { type Play, send, shown, wanted } from './play.ts';
import type { Request } from './request.ts';
import { inSomeOrder, type Sent, type States } from './serial-order.ts';
import type { Side } from './side.ts';
import { traceLine } from './trace.ts';
import { Witness } from './witness.ts';

/** Requests of both organizations that are sent at once, some of them several times. */
export interface Round {
  readonly asks: readonly { readonly operation: AskOperation; readonly times: number }[];
  /** Whose ledger is sealed meanwhile. */
  readonly seals: readonly (0 | 1)[];
}

export const round: fc.Arbitrary<Round> = fc.record({
  asks: fc.array(fc.record({ operation: writing, times: fc.constantFrom(1, 1, 1, 1, 2, 3) }), {
    minLength: 1,
    maxLength: 8,
    size: 'max',
  }),
  seals: fc.oneof(
    { weight: 1, arbitrary: fc.constant([]) },
    { weight: 2, arbitrary: fc.subarray([0, 1] as const) },
  ),
});

/**
 * Sends a round, and holds its answers against the laws that every order must keep: what was acknowledged can be put in one
 * order in which the model gives the very same answers; and what was refused was refused for a reason that was true at
 * some moment of it. The model's ledger is then as it is after the round.
 */
export async function playRound(play: Play, { asks, seals }: Round, seal: (side: Side) => Promise<void>) {
  const requests = asks.flatMap(({ operation, times }, nth) => {
    const [side, other] = play.sidesOf(operation.tenant);
    const request = operation.draw(side, other);
    if (!request) return [];
    const again =
      times > 1
        ? { ...request, idempotencyKey: request.idempotencyKey ?? `${side.keyed.length}-${nth}` }
        : request;
    return Array.from({ length: times }, () => ({ side, request: again }));
  });
  const [sent] = await Promise.all([
    Promise.all(requests.map(({ side, request }) => sendOne(play, side, request))),
    ...seals.map((tenant) => seal(play.sidesOf(tenant)[0])),
  ]);
  play.trace.push(`at once${seals.length > 0 ? ', while it is sealed' : ''}:`);
  for (const { side, request, real } of sent) play.trace.push(`  ${traceLine(side.ledger, request, real)}`);
  for (const side of play.sides) {
    const own = sent.filter((one) => one.side === side);
    const states = inSomeOrder(play, side, own.filter(isEffect));
    for (const one of own.filter((one) => !isEffect(one))) explain(play, one, states);
    for (const { request } of own) if (request.idempotencyKey !== undefined) side.keyed.push(request);
  }
}

async function sendOne(play: Play, side: Side, request: Request): Promise<Sent> {
  const { real, sentAtMs, answeredAtMs } = await send(side, request);
  return { side, request, real, witness: new Witness({ body: real.body, sentAtMs, answeredAtMs }, play.ids) };
}

/** Whether something was changed: not a replay, a dry run or a refusal. */
function isEffect({ real, request }: Sent): boolean {
  return real.status < 300 && !request.body?.dryRun && !real.headers.has('idempotent-replayed');
}

/** Holds what changed nothing against the ledger as it was during the round. */
function explain(play: Play, { side, request, real, witness }: Sent, states: States): void {
  const { ledger } = side;
  const { status, body } = real;
  assert(status < 500 && status !== 429, `refused for no reason: ${status} ${JSON.stringify(body)}`);
  if (status === 200) return;
  switch (body.code) {
    case 'insufficient_stock':
      for (const line of body.lines) {
        const { sku, available, requested } = line;
        assert(!ledger.item(sku)?.allowNegative && available < requested, 'there was enough');
        assert(
          states.of(line).some(({ onHand }) => onHand === available),
          'never was that available',
        );
      }
      return;
    case 'stale_balance':
      for (const line of body.lines) {
        assert.notEqual(line.version, line.expectedVersion);
        assert(
          states.of(line).some(({ version }) => version === line.version),
          'never was at that version',
        );
      }
      return;
    case 'quantity_out_of_range':
      return;
    default: {
      // It is a replay, or wrong whatever the order. A refusal has left its key to others, who may have it by now.
      const isOfKey = status < 300 || body.code === 'idempotency_mismatch';
      const again = isOfKey ? request : { ...request, idempotencyKey: undefined };
      assert.deepEqual(shown(real), wanted(answer({ ledger, witness, cursors: play.cursors }, again)));
    }
  }
}

import { counted } from '#platform/text/plural.ts';
import { PortabilityError } from '../portability-error.ts';

interface Movement {
  readonly item_id: string;
  readonly location_id: string;
  readonly lot: string;
  readonly quantity: number;
}

/** Quantities have at most fifteen digits, four of them decimals: as ten-thousandths they are exact. */
const scale = 10_000;

/** The sums of movements, and the lines of the balances that follow from them. */
export class MovementSums {
  readonly #sums = new Map<string, { onHand: bigint; version: number }>();
  /** The number of balances whose line was changed. */
  recomputed = 0;

  add(movement: Movement): void {
    const key = keyOf(movement);
    const sum = this.#sums.get(key) ?? { onHand: 0n, version: 0 };
    sum.onHand += BigInt(Math.round(movement.quantity * scale));
    sum.version += 1;
    this.#sums.set(key, sum);
  }

  /** The line of a balance with the sum of its movements. Everything else in it stays unchanged. Call it once per balance. */
  lineOf(line: string): string {
    const key = keyOf(JSON.parse(line));
    const { onHand, version } = this.#sums.get(key) ?? { onHand: 0n, version: 0 };
    this.#sums.delete(key);
    const right = line
      .replace(/"on_hand":-?[\d.]+/, `"on_hand":${decimal(onHand)}`)
      .replace(/"version":\d+/, `"version":${version}`);
    if (right !== line) this.recomputed += 1;
    return right;
  }

  /** @throws PortabilityError when movements have no balance in the copy and none in production */
  checkAllUsed(): void {
    const [missing] = this.#sums.keys();
    if (missing === undefined) return;
    throw new PortabilityError(
      `the copy and production both lack ${counted(this.#sums.size, 'balance')}; the first has the item, location and lot ${missing}`,
      'Run npm run backfill:balances against production, then restore:org again.',
    );
  }
}

function keyOf({ item_id, location_id, lot }: Omit<Movement, 'quantity'>): string {
  return JSON.stringify([item_id, location_id, lot]);
}

function decimal(tenThousandths: bigint): string {
  const digits = (tenThousandths < 0n ? -tenThousandths : tenThousandths).toString().padStart(5, '0');
  return `${tenThousandths < 0n ? '-' : ''}${digits.slice(0, -4)}.${digits.slice(-4)}`;
}

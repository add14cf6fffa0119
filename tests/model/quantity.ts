/**
 * A quantity in the model: a whole number of ten-thousandths, so that no sum is ever rounded. The greatest sum of a
 * sequence stays far below 2^53.
 */
export type Quantity = number;

const perUnit = 10_000;

/** The greatest quantity, and the greatest balance: eleven digits before the point and four after it. */
export const greatest: Quantity = 999_999_999_999_999;

/** As the API writes it. Both numbers are exact, so the division gives the double that is nearest: what JSON means. */
export function toNumber(quantity: Quantity): number {
  return quantity / perUnit;
}

/** From a number of at most four decimals; toFixed() works from the exact value of the double. */
export function toQuantity(number: number): Quantity {
  return Number(number.toFixed(4).replace('.', ''));
}

/** So many whole units. */
export function units(count: number): Quantity {
  return count * perUnit;
}

export function sum(quantities: Iterable<Quantity>): Quantity {
  let total = 0;
  for (const quantity of quantities) total += quantity;
  return total;
}

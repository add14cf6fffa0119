import { quantityDecimals, quantityWholeDigits } from '../../posting-rules.ts';

/** A number of a file, as its digits and its sign. */
export interface ReadNumber {
  readonly digits: string;
  readonly isNegative: boolean;
}

/**
 * Reads a quantity exactly, from its digits and never through a binary fraction.
 * Zero is refused, because it moves nothing. So is every number that does not fit numeric(15,4).
 */
export function readQuantity(
  text: string,
):
  | { readonly value: ReadNumber; readonly fault?: undefined }
  | { readonly fault: string; readonly value?: undefined } {
  const trimmed = text.trim();
  if (trimmed === '') return { fault: 'the quantity is empty' };
  const [, sign = '', whole = '', decimals = ''] = /^([+-]?)0*(\d+)(?:\.(\d*?)0*)?$/.exec(trimmed) ?? [];
  const refuse = (what: string) => ({
    fault: `the quantity ${JSON.stringify(trimmed.slice(0, 40))} ${what}`,
  });
  if (whole === '') return refuse('is not a number');
  if (whole.length > quantityWholeDigits)
    return refuse(`has more than ${quantityWholeDigits} digits before the point`);
  if (decimals.length > quantityDecimals) return refuse(`has more than ${quantityDecimals} decimals`);
  const digits = decimals === '' ? whole : `${whole}.${decimals}`;
  if (digits === '0') return refuse('is zero');
  return { value: { digits, isNegative: sign === '-' } };
}

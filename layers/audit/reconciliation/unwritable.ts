/** SQLSTATEs of a single balance that cannot be written: the next balance can still be written. */
const ofTheBalance: Readonly<Record<string, string>> = {
  '22003':
    'its movements add up to more than a balance can hold (fifteen digits, four of them decimals): reverse the wrong entries',
  '23503': 'its item or its location no longer exists',
  '23514': 'a constraint of the schema refuses the sum of its movements',
};

/** Why this balance cannot be written. Undefined for other errors, which the next balance would cause too. */
export function whyUnwritable({ code }: { readonly code: string }): string | undefined {
  return ofTheBalance[code];
}

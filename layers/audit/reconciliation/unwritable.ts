/** SQLSTATEs that lie in what is to be written into a balance: the next one can be written all the same. */
const ofTheBalance: Readonly<Record<string, string>> = {
  '22003':
    'its movements come to more than the fifteen digits, four of them decimals, that a balance holds: reverse the entries that should not be there',
  '23503': 'its item or its location is not there any more',
  '23514': 'a rule of the schema refuses what its movements come to',
};

/** Why a balance cannot be written; undefined when the error is another one, which the next balance would meet as well. */
export function whyUnwritable({ code }: { readonly code: string }): string | undefined {
  return ofTheBalance[code];
}

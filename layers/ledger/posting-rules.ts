// `npm run schema` writes this file from sql/functions/inventory/forms.sql and posting_rules.sql.

/** The kinds of entry that a caller may post. */
export const postableKinds = ['receipt', 'return', 'issue', 'adjustment', 'transfer', 'opening'] as const;
export type PostableKind = (typeof postableKinds)[number];

/** The sign that the quantities of a kind must have: 1, -1, or 0 when both are allowed. */
export const kindSigns = {
  receipt: 1,
  return: 1,
  issue: -1,
  adjustment: 0,
  transfer: 0,
  opening: 0,
} as const;

/** The greatest quantity, in the item's own unit. A JSON number holds its digits without loss. */
export const greatestQuantity = 99_999_999_999.9999;
export const quantityWholeDigits = 11;
export const quantityDecimals = 4;

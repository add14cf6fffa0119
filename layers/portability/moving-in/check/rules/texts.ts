import { canonicalEmail, canonicalForm, emailFault, maxEmailCharacters } from '#tenancy/email.ts';
import type { RowRule } from '../rule.ts';

const bounds = [
  ['items', 'name', 200],
  ['items', 'unit', 32],
  ['locations', 'name', 200],
] as const;

export const names: RowRule[] = bounds.map(([table, column, longest]) => ({
  id: 'name-length',
  table,
  fits: `length(t.${column}) between 1 and ${longest}`,
  value: `'${column} ' || left(t.${column}, 80)`,
  rule: `the ${column} has 1 to ${longest} characters`,
  remedy: 'Shorten it, or write one.',
}));

export const locationKind: RowRule = {
  id: 'location-kind',
  table: 'locations',
  fits: `t.kind in ('warehouse', 'store', 'supplier', 'customer', 'transit', 'other')`,
  value: 't.kind',
  rule: 'a location is a warehouse, store, supplier, customer, transit or other',
  remedy: `Write the kind it is, or 'other'.`,
};

export const userName: RowRule = {
  id: 'name-length',
  table: 'users',
  fits: 't.name is null or length(t.name) <= 200',
  value: `'name ' || left(t.name, 80)`,
  rule: 'the name has at most 200 characters',
  remedy: 'Shorten it.',
};

/**
 * Tokens and passes carry the address in one form: with any other, its user could never sign in. Nothing is rewritten here:
 * the address that one like U+212A looks like may be another person's.
 */
export const email: RowRule = {
  id: 'email',
  table: 'users',
  fits: `t.email ~ '${canonicalForm.replaceAll("'", "''")}' and length(t.email) <= ${maxEmailCharacters}`,
  value: 't.email',
  judge: (value) => {
    const kept = canonicalEmail(value ?? '');
    return kept === undefined ? emailFault(value ?? '') : `is kept as ${JSON.stringify(kept)}`;
  },
  rule: 'an address has the one form in which its user is found, or nobody could sign in with it: this one',
  remedy:
    'Ask the person which address the issuer of tokens has verified, and write it (update inventory.users set email = … where id = …).',
};

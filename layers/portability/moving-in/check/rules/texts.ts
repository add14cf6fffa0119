import { emailPattern } from '#tenancy/users.ts';
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

/** Tokens and passes carry the address: with a bar or a blank in it, its user could never sign in. */
export const email: RowRule = {
  id: 'email',
  table: 'users',
  fits: `t.email ~ '^[!-?A-{}~]+@[!-?A-{}~]+$' and t.email = lower(t.email) and length(t.email) <= 320`,
  value: 't.email',
  judge: (value) =>
    value !== null && emailPattern.test(value) && value === value.toLowerCase() ? undefined : '',
  rule: 'an address is in lower case, has one @, and neither blanks, bars nor control characters: nobody could sign in with this one',
  remedy: 'Write the address of the person (update inventory.users set email = … where id = …).',
};

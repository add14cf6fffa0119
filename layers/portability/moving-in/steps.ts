/**
 * The migrations that end the parts of the move. `migrate:org` runs up to `organizations`, `migrate:balance` up to `balances`.
 * Before `switch` the old program goes on working; the switch ends it.
 */
export const lastOf = {
  decisions: '000005_moving_in',
  columns: '000008_movement_columns',
  organizations: '000010_organization_keys',
  balances: '000018_columns_checked',
  switch: '000032_switch',
} as const;

/** The migration that is the single-tenant inventory itself. */
export const baseline = '000001_baseline';

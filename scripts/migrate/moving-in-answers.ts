import { counted } from '#platform/text/plural.ts';
import type { MovingInStatus } from '#portability/moving-in/status.ts';
import type { Unpaired } from '#portability/moving-in/unpaired.ts';

/** The halves that stand alone, one a line; nothing when there are none. */
export function unpairedText({ count, halves }: Unpaired): string[] {
  if (count === 0) return [];
  return [
    `${counted(count, 'half', 'halves')} of old transfers ${count === 1 ? 'stands' : 'stand'} alone and became ${count === 1 ? 'an adjustment' : 'adjustments'}:`,
    ...halves.map(
      ({ entryId, sku, location, quantity, occurredAt, reference }) =>
        `  ${occurredAt} ${sku} at ${location}: ${quantity}${reference ? ` (${reference})` : ''}, entry ${entryId}`,
    ),
    ...(count > halves.length ? [`  and ${count - halves.length} more`] : []),
  ];
}

/** The command that carries on; undefined when there is none. */
export function nextCommand({ next, decisions, pending }: MovingInStatus): string | undefined {
  switch (next) {
    case 'nothing':
      return pending.length > 0 ? 'npm run migrate:all' : undefined;
    case 'switch':
    case 'checks':
      return 'npm run migrate:all';
    case 'organizations':
      return decisions?.organization
        ? 'npm run migrate:org'
        : 'npm run migrate:org -- --slug SLUG --name NAME --everyone viewer (or --roles FILE)';
    case 'balances':
      return 'npm run migrate:balance';
    case 'done':
      return undefined;
  }
}

/** Where a move is, for people. */
export function statusText(status: MovingInStatus): string {
  return [
    stageText(status),
    ...(status.isOldProgramWorking
      ? ['The old program may do everything it did: its tables, its login and its rows are untouched.']
      : []),
    ...decisionsText(status),
    ...progressText(status),
    ...(status.unpaired ? unpairedText(status.unpaired) : []),
    `Applied: ${status.applied.length} of ${counted(status.applied.length + status.pending.length, 'migration')}.`,
    ...(nextCommand(status) ? [`Next: ${nextCommand(status)}`] : []),
  ].join('\n');
}

function stageText({ next }: MovingInStatus): string {
  switch (next) {
    case 'nothing':
      return 'Nothing has to move in: there are no rows of a single-tenant inventory.';
    case 'organizations':
      return 'A single-tenant inventory. Its rows have no organizations yet.';
    case 'balances':
      return 'Every row has its organization. Movements have no entries and balances yet.';
    case 'switch':
      return 'Entries and balances are filled. The switch to the new program comes next, and ends the old one.';
    case 'checks':
      return 'The switch is done: the new program works, and the old one may do nothing any more. Migrations are left.';
    case 'done':
      return 'Everything is done: the new program works, and the old one may do nothing any more.';
  }
}

function decisionsText({ decisions }: MovingInStatus): string[] {
  if (!decisions?.organization) return [];
  const { organization, others, everyone, roles, usersWithoutRole, assignments, codes } = decisions;
  const named = everyone ? `everyone: ${everyone}` : counted(roles, 'role');
  return [
    [
      `Decided: organization ${[organization, ...others].join(', ')}`,
      everyone && roles > 0 ? `${named}, ${counted(roles, 'role')} of their own` : named,
      counted(assignments, 'assignment'),
      counted(codes, 'changed code'),
    ].join('; '),
    ...(usersWithoutRole > 0 ? [`Undecided: ${counted(usersWithoutRole, 'user')} without a role.`] : []),
  ];
}

function progressText({ rows, underWay, movementsPlaced, changesLeft }: MovingInStatus): string[] {
  return [
    ...(rows
      ? [
          `Rows: ${counted(rows.items, 'item')}, ${counted(rows.locations, 'location')}, ${counted(rows.movements, 'movement')}, ${counted(rows.users, 'user')}.`,
        ]
      : []),
    ...(underWay
      ? [
          `Under way since ${underWay.since}: ${underWay.migration}, ${counted(underWay.rowsFilled, 'row')} filled.`,
        ]
      : []),
    ...(rows && movementsPlaced !== undefined
      ? [`In entries: ${movementsPlaced} of ${counted(rows.movements, 'movement')}.`]
      : []),
    ...(changesLeft ? [`To be caught up with: ${counted(changesLeft, 'change')} of the old program.`] : []),
  ];
}

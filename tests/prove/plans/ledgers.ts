/** What a database holds. The first organization is asked, and it is as large as the others. */
export interface LedgerShape {
  readonly name: string;
  readonly organizations: number;
  /** Of each organization. */
  readonly movements: number;
  /** The items of each organization that have moved. Twice as many have not. */
  readonly items: number;
  readonly locations: number;
  /** How long the history is; 100 days if absent. */
  readonly days?: number;
  /** What Postgres has done in the database, so that it knows sizes, and which pages everybody sees. */
  readonly upkeep: 'none' | 'analyze' | 'vacuum analyze';
}

/** What the suite has time for. */
export const smallLedgers: readonly LedgerShape[] = [
  {
    name: 'empty, never analyzed',
    organizations: 1,
    movements: 10,
    items: 2,
    locations: 2,
    upkeep: 'none',
  },
  {
    name: '2 organizations with 5,000 movements each',
    organizations: 2,
    movements: 5_000,
    items: 300,
    locations: 5,
    upkeep: 'vacuum analyze',
  },
];

/** The databases on which a statement must have one plan. */
export const ledgers: readonly LedgerShape[] = [
  ...smallLedgers,
  {
    name: '10 organizations with 100,000 movements each',
    organizations: 10,
    movements: 100_000,
    items: 1_000,
    locations: 20,
    upkeep: 'analyze',
  },
  {
    name: 'one organization with 1,000,000 movements',
    organizations: 1,
    movements: 1_000_000,
    items: 10_000,
    locations: 50,
    upkeep: 'vacuum analyze',
  },
  {
    name: '10,000 organizations',
    organizations: 10_000,
    movements: 10,
    items: 2,
    locations: 2,
    upkeep: 'vacuum analyze',
  },
];

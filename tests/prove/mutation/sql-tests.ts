/** The tests for each SQL file: the first line that matches the file counts. A folder stands for all of its tests. */
const concerned: readonly (readonly [file: RegExp, tests: readonly string[]])[] = [
  [/lint\//, ['sql/lint/', 'layers/schema/lint/isolation-lint.test.ts']],
  [
    /moving_in|_switch|_assigned|_transfer_halves|_filled/,
    ['tests/migrations/moving-in/', 'tests/migrations/'],
  ],
  [/proofs\//, ['tests/recovery/sabotage.test.ts', 'tests/recovery/drill/drill.test.ts']],
  [
    /tenancy\/(import|export|digests|erasure|tenant_tables)|erasures/,
    ['tests/isolation/', 'tests/commands/organizations.test.ts', 'tests/recovery/'],
  ],
  [/seal/, ['tests/seals/', 'tests/reconciliation/', 'tests/recovery/', 'tests/isolation/']],
  [
    /reconciliation|discrepancies|trigger|backfill|held_balances/,
    ['tests/reconciliation/', 'tests/seals/', 'tests/jobs/', 'tests/commands/'],
  ],
  [
    /recovery|heartbeat|restorations|backup_monitor/,
    ['tests/recovery/', 'tests/jobs/', 'tests/api/', 'tests/commands/'],
  ],
  [/import/, ['tests/imports/', 'tests/isolation/']],
  [/idempotency/, ['tests/ledger/', 'tests/api/', 'tests/jobs/', 'tests/commands/']],
  [
    /posting|balances|entries|movement|append_only|forms|items|locations|ledger_keys|stock_policy|baseline|wall/,
    [
      'tests/ledger/',
      'tests/model/',
      'tests/api/',
      'tests/isolation/',
      'tests/seals/',
      'tests/reconciliation/',
    ],
  ],
  [
    /./,
    ['tests/isolation/', 'tests/api/', 'layers/tenancy/', 'tests/jobs/', 'tests/ledger/', 'tests/commands/'],
  ],
];

/** Takes a moment, and looks at everything. */
const ofAll = ['sql/lint/sound.test.ts'];
/** What looks at all tables and indexes, whatever they are for. */
const ofMigrations = ['tests/prove/plans/', 'sql/lint/'];

/** The test files for a SQL file, those of the first folder first. */
export function testsOfSql(file: string, testFiles: readonly string[]): string[] {
  const tests = concerned.find(([pattern]) => pattern.test(file))?.[1] ?? [];
  const places = [...ofAll, ...tests, ...(file.startsWith('sql/migrations/') ? ofMigrations : [])];
  return [...new Set(places.flatMap((place) => testFiles.filter((test) => test.startsWith(place))))];
}

/** Which tests concern which SQL: the first line that a file matches counts. Folders stand for all in them. */
const concerned: readonly (readonly [file: RegExp, tests: readonly string[]])[] = [
  [/lint\//, ['layers/tenancy/isolation-lint.test.ts']],
  [/proofs\//, ['tests/recovery/sabotage.test.ts', 'tests/recovery/drill.test.ts']],
  [/portability|erasures/, ['tests/isolation/', 'tests/recovery/', 'tests/commands/organizations.test.ts']],
  [/seals/, ['tests/seals/', 'tests/reconciliation/', 'tests/recovery/', 'tests/isolation/']],
  [
    /reconciliation|trigger|backfill/,
    ['tests/reconciliation/', 'tests/seals/', 'tests/commands/reconcile.test.ts'],
  ],
  [/recovery|heartbeat|restore/, ['tests/recovery/', 'tests/jobs/', 'tests/commands/']],
  [/imports/, ['tests/imports/', 'tests/isolation/']],
  [/tidy/, ['tests/jobs/', 'tests/reconciliation/']],
  [
    /posting|balances|entries|baseline|columns|tables/,
    ['tests/api/', 'tests/model/', 'tests/isolation/', 'tests/reconciliation/', 'tests/seals/'],
  ],
  [/./, ['tests/isolation/', 'tests/api/', 'layers/tenancy/', 'tests/jobs/', 'tests/commands/']],
];

/** The test files that concern a file of SQL, those of the first folder first. */
export function testsOfSql(file: string, testFiles: readonly string[]): string[] {
  const tests = concerned.find(([pattern]) => pattern.test(file))?.[1] ?? [];
  return tests.flatMap((place) => testFiles.filter((test) => test.startsWith(place)));
}

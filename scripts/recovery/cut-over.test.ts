import { expect, test } from 'vitest';
import { type CutOver, cutOverSteps, deletion, rollBackSteps } from './cut-over.ts';

const place = (name: string, port: number) => ({
  instance: name,
  arn: `arn:${name}`,
  host: `${name}.example.com`,
  port,
  resourceId: `db-${name.toUpperCase()}`,
});
const cutOver: CutOver = {
  production: place('old', 5432),
  restored: place('new', 6432),
  databaseName: 'ledger',
  asOf: '2026-03-01T09:30:00.000Z',
  sealedAhead: [],
};
const url = (name: string, port: number) => `postgres://MASTER:PASSWORD@${name}.example.com:${port}/ledger`;
const disconnect =
  "select pg_terminate_backend(pid) from pg_stat_activity where usename like 'stockade%' and pid <> pg_backend_pid()";
const closed = (name: string, port: number) =>
  `psql "${url(name, port)}" -c "alter database ledger set default_transaction_read_only = on" -c "${disconnect}"`;
const deployed = (name: string, port: number) =>
  `npm run deploy -- -c databaseHost=${name}.example.com -c databasePort=${port} -c databaseResourceId=db-${name.toUpperCase()} -c databaseInstanceIdentifier=${name}`;

const steps = (ahead: readonly string[]) => [
  '# 1. Close old for writing. Movements that it has recorded since 2026-03-01T09:30:00.000Z stay only there.',
  '#    Requests that write get 503. Requests that read go on.',
  closed('old', 5432),
  '# 2. Remove the tag, so that no later restore continues with this instance and changes the password of its master.',
  'aws rds remove-tags-from-resource --resource-name arn:new --tag-keys stockade:restored-from',
  '# 3. Point the functions at the restored database. Add the other options that you pass at every deploy.',
  ...ahead,
  deployed('new', 6432),
  '# 4. It works when these exit with code 0 and /ready answers 200. The monitor may warn while the instance is new.',
  `npm run verify:ledger -- --database-url "${url('new', 6432)}"`,
  `npm run monitor:backups -- --instance new --database-url "${url('new', 6432)}"`,
  '# 5. Copies in another region and a managed password belong to old. Set them up for',
  '#    new (docs/DISASTER_RECOVERY.md, "After a cut-over"). Keep old.',
];

const evidence = (who: string) => [
  `#    ${who} Their anchored seals`,
  '#    cannot be replaced: increase evidenceGeneration of the stage in infra/settings/config.ts by one before you deploy.',
];

test.each([
  [[], []],
  [['a', 'b', 'c'], evidence('Sealed since then: 3 organizations (a, b, c).')],
  [['a', 'b', 'c', 'd'], evidence('Sealed since then: 4 organizations (a, b, c, …).')],
  [undefined, evidence('It is not known which organizations have sealed since then.')],
])('the steps of a cut-over, when %j have sealed since', (sealedAhead, ahead) => {
  expect(cutOverSteps({ ...cutOver, sealedAhead })).toEqual(steps(ahead));
});

test('back again: the restored one is closed before production is opened', () => {
  expect(rollBackSteps(cutOver)).toEqual([
    closed('new', 6432),
    `psql "${url('old', 5432)}" -c "set default_transaction_read_only = off" -c "alter database ledger reset default_transaction_read_only" -c "${disconnect}"`,
    deployed('old', 5432),
  ]);
});

test('the restored instance can be deleted although it is protected', () => {
  expect(deletion('new')).toEqual([
    'aws rds modify-db-instance --db-instance-identifier new --no-deletion-protection --apply-immediately',
    'aws rds delete-db-instance --db-instance-identifier new --skip-final-snapshot',
  ]);
});

import type { Attack, Target } from '../attack.ts';

/** What would stop or spoil every later session of a role that begins with it. */
const settings: readonly string[] = [
  `statement_timeout = '1ms'`,
  `transaction_timeout = '1ms'`,
  `idle_session_timeout = '1ms'`,
  'default_transaction_read_only = on',
  'default_transaction_isolation = serializable',
  'synchronous_commit = off',
  'row_security = off',
  'search_path = pg_temp',
  'role = pg_monitor',
  `local_preload_libraries = 'nowhere'`,
  'exit_on_error = on',
  'transform_null_equals = on',
  `DateStyle = 'German'`,
];

/** Attacks on the login itself: on what every later session of its role begins with, in all databases of the server. */
export function loginAttacks({ database }: Target): Attack[] {
  const common = { why: 'a role may change itself, for good and for everybody', wholeServer: true };
  const password = {
    ...common,
    remains:
      'without IAM, a role may change its own password; the platform gives it back within half a minute',
    spoilsPassword: true,
  };
  return [
    ...settings.flatMap((setting): Attack[] => [
      {
        ...common,
        name: `begin every session with ${setting}`,
        statements: `alter role current_user set ${setting}`,
      },
      {
        ...common,
        name: `begin every session in this database with ${setting}`,
        statements: `alter role current_user in database ${database} set ${setting}`,
      },
    ]),
    {
      ...common,
      name: 'throw away the limits of the role',
      statements: 'alter role current_user reset all',
    },
    { ...password, name: 'another password', statements: `alter role current_user password 'mine'` },
    { ...password, name: 'no password', statements: 'alter role current_user password null' },
  ];
}

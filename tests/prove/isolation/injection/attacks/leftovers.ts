import type { Attack, Target } from '../attack.ts';

const settings: readonly [name: string, value: string][] = [
  ['statement_timeout', '0'],
  ['lock_timeout', '1'],
  ['idle_in_transaction_session_timeout', '0'],
  ['synchronous_commit', 'off'],
  ['default_transaction_read_only', 'on'],
  ['default_transaction_isolation', 'serializable'],
  ['row_security', 'off'],
  ['search_path', 'public'],
  ['DateStyle', 'German'],
  ['TimeZone', 'Asia/Tokyo'],
  ['IntervalStyle', 'iso_8601'],
  ['client_encoding', 'LATIN1'],
  ['standard_conforming_strings', 'off'],
  ['bytea_output', 'escape'],
  ['transform_null_equals', 'on'],
  ['enable_indexscan', 'off'],
  ['client_min_messages', 'debug5'],
  ['stockade.context', '1|2|3|4|5'],
];

/** Attacks that leave something in the session for the next request, which may belong to another organization. */
export function leftoverAttacks(_: Target): Attack[] {
  return [
    ...settings.flatMap(([name, value]): Attack[] => [
      {
        name: `leave ${name} by function`,
        why: 'a setting of the session outlives the transaction',
        query: `select length(set_config('${name}', '${value}', false))`,
      },
      {
        name: `leave ${name} by statement`,
        why: 'a setting of the session outlives the transaction',
        statements: `set session ${name} = '${value}'`,
      },
    ]),
    {
      name: 'leave a lock',
      why: 'a lock of the session outlives the transaction',
      query: 'select pg_advisory_lock(42), pg_advisory_lock_shared(43), pg_try_advisory_lock(44)',
    },
    {
      name: 'leave a lock by cunning',
      why: 'the name of a function can be written in many ways',
      query: `select U&"pg_adv\\0069sory_lock"(42), query_to_xml('select pg_advisory_lock(43)', true, true, '')`,
    },
    {
      name: 'leave a prepared statement',
      why: 'it belongs to the session',
      statements: 'prepare evil as select 1',
    },
    {
      name: 'leave a cursor',
      why: 'a cursor with hold belongs to the session',
      statements: 'declare evil cursor with hold for select 1',
    },
    {
      name: 'leave an open transaction',
      why: 'the next request works inside it',
      statements: 'commit; begin; savepoint evil',
    },
    {
      name: 'leave a failed transaction',
      why: 'the next request works inside it',
      statements: 'commit; begin; select 1 / 0',
    },
    {
      name: 'leave a read-only transaction mode',
      why: 'the next transaction inherits it',
      statements:
        'set session characteristics as transaction isolation level serializable read only deferrable',
    },
    { name: 'discard everything', why: 'what the pool relies on is gone', statements: 'commit; discard all' },
    { name: 'leave a listener', why: 'the session keeps listening', statements: 'listen evil' },
    {
      name: 'leave a seed',
      why: 'the session draws the same random numbers again',
      query: 'select setseed(0.5)',
    },
  ];
}

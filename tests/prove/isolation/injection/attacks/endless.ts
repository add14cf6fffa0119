import type { Attack, Target } from '../attack.ts';

const forever = 'select pg_sleep(600)';

/** Attacks with statements that do not end by themselves. */
export function endlessAttacks(_: Target): Attack[] {
  const statement = (name: string, why: string, statements: string): Attack => ({ name, why, statements });
  const block = (body: string) => `do $a$ begin ${body} end $a$`;
  return [
    { name: 'sleep', why: 'there is no timeout', query: 'select pg_sleep(600)::text' },
    {
      name: 'a cartesian join',
      why: 'there is no timeout',
      query: 'select count(*) from generate_series(1, 1e6) a, generate_series(1, 1e6) b',
    },
    statement(
      'sleep without a timeout',
      'the timeout is the session’s own',
      `set statement_timeout = 0; ${forever}`,
    ),
    statement(
      'sleep without any timeout, the local ones too',
      'every timeout is the session’s own',
      `set local statement_timeout = 0; set local transaction_timeout = 0; set local client_connection_check_interval = 0; ${forever}`,
    ),
    {
      name: 'sleep until, its timeout switched off in the same query',
      why: 'a function switches the timeout off',
      query: `select set_config('statement_timeout', '0', false), pg_sleep_until(now() + interval '10 minutes')`,
    },
    statement(
      'a join without a timeout',
      'a statement that never waits cannot be interrupted',
      'set statement_timeout = 0; select count(*) from generate_series(1, 1e6) a, generate_series(1, 1e6) b',
    ),
    statement(
      'a block that catches its own cancellation',
      'a block can catch a timeout like any exception',
      block(`loop begin perform pg_sleep(600); exception when query_canceled then null; end; end loop;`),
    ),
    statement(
      'a block that catches its own cancellation, without a timeout',
      'a block can also catch a cancellation from outside',
      `set statement_timeout = 0; ${block(`loop begin loop perform 1; end loop; exception when others or query_canceled then null; end; end loop;`)}`,
    ),
    statement(
      'idle in an open transaction',
      'the transaction waits for a client that does not come',
      `commit; set idle_in_transaction_session_timeout = 0; begin; select 1`,
    ),
    statement(
      'many statements, each short enough',
      'every statement has the whole timeout',
      Array(30).fill('select pg_sleep(0.2)').join('; '),
    ),
  ];
}

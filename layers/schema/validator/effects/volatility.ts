import type { Node } from 'libpg-query';
import type { KnownSchema } from '../schema/known-schema.ts';
import { as, everyNode, qualified, stringsOf } from '../syntax/nodes.ts';

/** Functions of Postgres that defaults use and that answer the same throughout a statement. */
const settled = new Set(
  `now transaction_timestamp statement_timestamp current_setting current_database current_schema lower upper btrim
  date_trunc timezone make_interval make_date to_timestamp encode decode md5 sha256 coalesce concat format
  jsonb_build_object jsonb_build_array json_build_object to_jsonb array_fill string_to_array length char_length abs round
  int4range int8range numrange tsrange tstzrange daterange to_tsvector inet_client_addr txid_current`.split(
    /\s+/,
  ),
);

const volatile = new Set([
  'random',
  'clock_timestamp',
  'timeofday',
  'gen_random_uuid',
  'uuidv4',
  'uuidv7',
  'nextval',
]);

/** Whether it is a volatile function of Postgres itself. Another one may be inlined, and then nothing is written again. */
export function isSurelyVolatile(name: string): boolean {
  return volatile.has(name.replace(/^pg_catalog\./, ''));
}

/**
 * The function in a default that may give every row another value, so that Postgres writes each row: one that is volatile,
 * or that nobody knows.
 */
export function volatileFunction(schema: KnownSchema, expression: Node | undefined): string | undefined {
  for (const node of everyNode(expression)) {
    const call = as(node, 'FuncCall');
    if (!call) continue;
    const names = stringsOf(call.funcname);
    const name = names.at(-1) ?? '';
    const known = schema.functions.get(qualified(names));
    if (known ? known !== 'volatile' : isOfPostgres(names) && settled.has(name)) continue;
    return names.join('.');
  }
  return undefined;
}

function isOfPostgres(names: readonly string[]): boolean {
  return names.length === 1 || names[0] === 'pg_catalog';
}

import type { Client } from 'pg';
import { type Condition, withoutConditions } from './conditions.ts';
import type { Mutant } from './mutant.ts';

/** A mutant for each limit that the database keeps: each CHECK, and each part of the functions that CHECKs and postings ask. */
export async function limitMutants(superuser: Client): Promise<Mutant[]> {
  const { rows } = await superuser.query<Mutant>(constraints);
  return [...rows, ...(await withoutConditions(superuser, 'limit not asked', conditions))];
}

const constraints = `
  select 'limit dropped' as kind, format('%I on %s', conname, conrelid::regclass) as name,
    format('alter table %s drop constraint %I', conrelid::regclass, conname) as sql
  from pg_constraint
  join pg_namespace n on n.oid = connamespace
  where contype = 'c' and conrelid <> 0 and nspname in ('tenancy', 'inventory', 'recovery')
  order by 2`;

const post = 'inventory.post_entry(jsonb)';
const exact = 'inventory.is_exact(numeric)';
const instant = 'inventory.is_instant(timestamp with time zone)';
const metadata = 'inventory.is_metadata(jsonb)';
const visible = 'inventory.is_visible(text,integer)';

const conditions: readonly Condition[] = [
  { function: post, what: 'the digits of quantities', from: 'if not v_is_exact or', to: 'if' },
  { function: post, what: 'the number of lines', from: 'or cardinality(v_skus) > 1000', to: '' },
  {
    function: exact,
    what: 'the greatest',
    from: 'abs(p_quantity) <= inventory.greatest_quantity() and',
    to: '',
  },
  { function: exact, what: 'the decimals', from: 'and p_quantity = round(p_quantity, 4)', to: '' },
  { function: instant, what: 'the first year', from: `p_at >= '1900-01-01 00:00:00+00' and`, to: '' },
  { function: instant, what: 'the last year', from: `and p_at < '10000-01-01 00:00:00+00'`, to: '' },
  { function: metadata, what: 'the object', from: `jsonb_typeof(p_metadata) = 'object'`, to: 'true' },
  {
    function: metadata,
    what: 'the size',
    from: `and octet_length(v_text) - regexp_count(v_bare, ' ') <= 8192`,
    to: '',
  },
  { function: metadata, what: 'the digits of numbers', from: 'and v_bare !~ v_long_number', to: '' },
  {
    function: metadata,
    what: 'the depth',
    from: `and jsonb_path_exists(p_metadata, 'strict $.**{32}`,
    to: `and false and jsonb_path_exists(p_metadata, 'strict $.**{32}`,
  },
  {
    function: metadata,
    what: 'the prototype',
    from: `v_text like '%\\_\\_proto\\_\\_%' and`,
    to: 'false and',
  },
  { function: visible, what: 'the length', from: 'length(p_text) between 1 and p_longest', to: 'true' },
  { function: visible, what: 'the blanks at its ends', from: 'and p_text = btrim(p_text)', to: '' },
  { function: visible, what: 'the normal form', from: 'p_text is nfc normalized and', to: '' },
  {
    function: visible,
    what: 'the characters that cannot be seen',
    from: 'and p_text !~ inventory.invisible_characters()',
    to: '',
  },
  {
    function: 'inventory.is_code(text)',
    what: 'the form of an id',
    from: 'and p_text !~',
    to: 'or p_text ~',
  },
  {
    function: 'inventory.require_reorder_point(jsonb)',
    what: 'its digits',
    from: 'if inventory.is_exact(v_reorder_point) is false then',
    to: 'if false then',
  },
  {
    function: 'inventory.require_aliases(jsonb)',
    what: 'their number',
    from: 'if jsonb_array_length(p_aliases) > 100 then',
    to: 'if false then',
  },
];

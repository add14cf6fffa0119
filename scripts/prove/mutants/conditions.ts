import type { Client } from 'pg';
import type { Mutant } from './mutant.ts';

/** A condition in the body of a function, and what it becomes when it is not asked. */
interface Condition {
  readonly function: string;
  readonly what: string;
  /** As the function has it; blanks match any blanks. */
  readonly from: string;
  readonly to: string;
}

const isOfBackend = 'and v_part[5] = pg_backend_pid()::text';
const isOfTransaction = `and v_part[6] = encode(timestamptz_send(now()), 'hex')`;
const isMac = `if v_part[7] = encode(
      sha256(v_outer_pad || sha256(v_inner_pad || convert_to(left(v_context, -65), 'UTF8'))),
      'hex'
    ) then`;

const readers = ['tenancy.current_org()', 'tenancy.verified_context()'] as const;

const byKey = 'tenancy.enter_with_key(text,bytea,text,text[])';
const byPass = 'tenancy.enter_with_pass(text,text,text[])';

const conditions: readonly Condition[] = [
  ...readers.flatMap((name): Condition[] => [
    { function: name, what: 'the backend', from: isOfBackend, to: '' },
    { function: name, what: 'the transaction', from: isOfTransaction, to: '' },
    { function: name, what: 'the MAC', from: isMac, to: 'if true then' },
  ]),
  { function: byKey, what: 'the secret', from: 'and secret_digest = p_secret_digest', to: '' },
  { function: byKey, what: 'the revocation', from: 'and revoked_at is null', to: '' },
  { function: byKey, what: 'the expiry', from: 'and (expires_at is null or expires_at > now())', to: '' },
  {
    function: byKey,
    what: 'the organization entered before',
    from: 'v_entered[2] <> v_key.org_id::text',
    to: 'false',
  },
  {
    function: byKey,
    what: 'the selectors',
    from: `p_selectors <> '{}' and exists (`,
    to: 'false and exists (',
  },
  {
    function: byKey,
    what: 'the status',
    from: `if v_organization.status <> 'active' then`,
    to: 'if false then',
  },
  {
    function: byKey,
    what: 'the scope',
    from: 'if not p_scope = any (v_key.scopes) then',
    to: 'if false then',
  },
  {
    function: byPass,
    what: 'the MAC',
    from: 'or v_part[4] is distinct from encode(',
    to: 'or null = encode(',
  },
  {
    function: byPass,
    what: 'the expiry',
    from: 'or v_part[2]::bigint <= extract(epoch from clock_timestamp())',
    to: '',
  },
  {
    function: byPass,
    what: 'the organization entered before',
    from: 'and (v_entered is null or o.id::text = v_entered[2])',
    to: '',
  },
  {
    function: byPass,
    what: 'the selectors',
    from: 'from unnest(p_selectors) as selector where selector is distinct from o.slug',
    to: 'from unnest(null::text[]) as selector where selector is distinct from o.slug',
  },
  { function: byPass, what: 'several organizations', from: 'if v_member.n > 1 then', to: 'if false then' },
  { function: byPass, what: 'the status', from: `if v_member.status <> 'active' then`, to: 'if false then' },
  { function: byPass, what: 'the scope', from: 'if not p_scope = any (v_scopes) then', to: 'if false then' },
  {
    function: byPass,
    what: 'the scopes of the key before',
    from: 'if v_entered is not null then v_scopes',
    to: 'if false then v_scopes',
  },
  {
    function: 'tenancy.require_scope(text)',
    what: 'that an organization was entered',
    from: 'if v_context is null then',
    to: 'if false then',
  },
  {
    function: 'tenancy.require_scope(text)',
    what: 'the scope',
    from: `if not p_scope = any (string_to_array(v_context[4], ',')) then`,
    to: 'if false then',
  },
  {
    function: 'tenancy.list_api_keys(integer,timestamp with time zone,text)',
    what: 'whose keys',
    from: 'where k.org_id = v_org_id',
    to: 'where true',
  },
  {
    function: 'tenancy.list_members(integer,text)',
    what: 'whose members',
    from: 'where m.org_id = v_org_id',
    to: 'where true',
  },
  {
    function: 'inventory.apply_movements()',
    what: 'the stock policy',
    from: 'if v_short is not null then',
    to: 'if false then',
  },
  {
    function: 'inventory.refuse_change()',
    what: 'the refusal',
    from: 'raise exception',
    to: 'raise debug',
  },
];

/**
 * Each condition of the functions that make the wall, not asked.
 * @throws when a function does not have its condition any more: then this list is to be brought up to date
 */
export async function conditionMutants(superuser: Client): Promise<Mutant[]> {
  const mutants: Mutant[] = [];
  for (const condition of conditions) {
    const { rows } = await superuser.query<{ definition: string }>(
      'select pg_get_functiondef($1::regprocedure) as definition',
      [condition.function],
    );
    const definition = rows[0]?.definition ?? '';
    const pattern = new RegExp(condition.from.trim().split(/\s+/).map(escaped).join('\\s+'));
    if (!pattern.test(definition)) {
      throw new Error(
        `${condition.function} has no "${condition.from}": bring scripts/prove/mutants/conditions.ts up to date`,
      );
    }
    mutants.push({
      kind: 'condition not asked',
      name: `${condition.what}, in ${condition.function}`,
      sql: definition.replace(pattern, () => condition.to),
    });
  }
  return mutants;
}

function escaped(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
}

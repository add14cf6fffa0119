import type { Client } from 'pg';
import type { Mutant } from './mutant.ts';

/** A condition in the body of a function, and its replacement without an effect. */
export interface Condition {
  /** Several functions when the mutant works only in all of them together. */
  readonly function: string | readonly string[];
  readonly what: string;
  /** The text in the function. A blank matches any blanks. */
  readonly from: string;
  readonly to: string;
}

const isMac = `right(v_context, 64) = encode(
      sha256(v_outer_pad || sha256(v_inner_pad || convert_to(
        concat_ws('|', left(v_context, -65), pg_backend_pid(), encode(timestamptz_send(now()), 'hex')), 'UTF8'
      ))),
      'hex'
    )`;

const readers = ['tenancy.current_org()', 'tenancy.verified_context()'] as const;

const backend = 'pg_backend_pid()';
const transaction = `encode(timestamptz_send(now()), 'hex')`;
const backendAndTransaction = `${backend}, ${transaction}`;

const byKey = 'tenancy.enter_with_key(text,bytea,text,text[],boolean)';
const byKeyInDetail = 'tenancy.examine_key(text,bytea,text,text[])';
const byPass = 'tenancy.enter_with_pass(text,text,text[],boolean)';
const ofPass = 'tenancy.email_of_pass(text)';
const refusal = 'tenancy.record_mismatch(text,bytea,text,text[],text)';
const inMac = [...readers, byKey, 'tenancy.sign_context(uuid,text,text[],integer)'];

const conditions: readonly Condition[] = [
  ...readers.map((name): Condition => ({ function: name, what: 'the MAC', from: isMac, to: 'true' })),
  // The functions that create a MAC and those that verify it contain the parts that it covers.
  { function: inMac, what: 'the backend', from: backendAndTransaction, to: transaction },
  { function: inMac, what: 'the transaction', from: backendAndTransaction, to: backend },
  // The function for the plain case and the one that explains refusals both contain every condition.
  ...(
    [
      ['the secret', 'and k.secret_digest = p_secret_digest', ''],
      ['the revocation', 'and k.revoked_at is null', ''],
      ['the expiry', 'and (k.expires_at is null or k.expires_at > now())', ''],
      ['the selectors', 'and p_selectors <@ array[o.slug, o.id::text]', ''],
      ['the status', `and o.status = 'active'`, ''],
      ['the scope', 'and p_scope = any (k.scopes)', ''],
      [
        'the organization entered before',
        `and coalesce(current_setting('stockade.context', true), '') = ''`,
        '',
      ],
    ] as const
  ).map(([what, from, to]): Condition => ({ function: byKey, what, from, to })),
  ...(
    [
      ['the secret', 'and secret_digest = p_secret_digest', ''],
      ['the revocation', 'and revoked_at is null', ''],
      ['the expiry', 'and (expires_at is null or expires_at > now())', ''],
      ['the organization entered before', 'v_entered[2] <> v_key.org_id::text', 'false'],
      ['the selectors', `p_selectors <> '{}' and exists (`, 'false and exists ('],
      ['the status', `if v_organization.status <> 'active' then`, 'if false then'],
      ['the scope', 'if not p_scope = any (v_key.scopes) then', 'if false then'],
    ] as const
  ).map(([what, from, to]): Condition => ({ function: byKeyInDetail, what, from, to })),
  { function: byPass, what: 'the pass', from: 'if v_email is null then', to: 'if false then' },
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
    function: ofPass,
    what: 'the MAC',
    from: 'and v_part[4] = encode(',
    to: 'and null is distinct from encode(',
  },
  {
    function: ofPass,
    what: 'the expiry',
    from: 'and v_part[2]::bigint > extract(epoch from clock_timestamp())',
    to: '',
  },
  ...(
    [
      ['the secret', 'and k.secret_digest = p_secret_digest', ''],
      ['the revocation', 'and k.revoked_at is null', ''],
      ['the expiry', 'and (k.expires_at is null or k.expires_at > now())', ''],
      [
        'the organization entered before',
        `if current_setting('stockade.context', true) <> '' then`,
        'if false then',
      ],
    ] as const
  ).map(([what, from, to]): Condition => ({ function: refusal, what, from, to })),
  {
    function: 'tenancy.require_grantable(text[])',
    what: 'the scopes that are granted',
    from: 'perform tenancy.require_scope(v_scope);',
    to: 'null;',
  },
  {
    function: 'tenancy.require_context(text)',
    what: 'that an organization was entered',
    from: 'if v_context is null then',
    to: 'if false then',
  },
  {
    function: 'tenancy.require_context(text)',
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
    function: 'tenancy.entered_organization()',
    what: 'which organization',
    from: 'where id = v_org_id',
    to: 'where true',
  },
  {
    function: 'tenancy.list_members(integer,text)',
    what: 'whose members',
    from: 'where m.org_id = v_org_id',
    to: 'where true',
  },
  {
    function: 'inventory.refuse_short(uuid[],uuid[],uuid[],text[],numeric[])',
    what: 'the stock policy',
    from: 'if v_short is not null then',
    to: 'if false then',
  },
  {
    function: 'inventory.apply_movements()',
    what: 'the stock policy of postings',
    from: 'if not found then',
    to: 'if true then',
  },
  {
    function: 'inventory.apply_holds()',
    what: 'the stock policy of holds',
    from: `if v_orgs <> '{}' then`,
    to: 'if false then',
  },
  {
    function: 'inventory.refuse_change()',
    what: 'the refusal',
    from: 'raise exception',
    to: 'raise debug',
  },
];

/** A mutant for each condition of the functions that isolate organizations, without the condition. */
export function conditionMutants(superuser: Client): Promise<Mutant[]> {
  return withoutConditions(superuser, 'condition not asked', conditions);
}

/**
 * A mutant for each condition, without it.
 * @throws when a function lacks its condition: update the list then
 */
export async function withoutConditions(
  superuser: Client,
  kind: string,
  list: readonly Condition[],
): Promise<Mutant[]> {
  const mutants: Mutant[] = [];
  for (const { function: names, what, from, to } of list) {
    const pattern = new RegExp(from.trim().split(/\s+/).map(escaped).join('\\s+'));
    const definitions: string[] = [];
    for (const name of [names].flat()) {
      const { rows } = await superuser.query<{ definition: string }>(
        'select pg_get_functiondef($1::regprocedure) as definition',
        [name],
      );
      const definition = rows[0]?.definition ?? '';
      if (!pattern.test(definition)) {
        throw new Error(`${name} does not contain "${from}": update tests/prove/isolation/mutants`);
      }
      definitions.push(definition.replace(pattern, () => to));
    }
    mutants.push({
      kind,
      name: `${what}, in ${typeof names === 'string' ? names : 'every function that makes or verifies one'}`,
      sql: definitions.join(';\n'),
    });
  }
  return mutants;
}

function escaped(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
}

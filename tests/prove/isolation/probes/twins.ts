import type { Client } from 'pg';
import { brokenRules, type Expectation } from './probe.ts';

/**
 * Tries the functions of the ledger with two organizations whose rows have the same names and the same ids, which does not
 * happen by chance. A function that forgets the organization in one place then finds the rows of both. The transaction of
 * `superuser` is rolled back.
 */
export async function probeTwins(superuser: Client): Promise<string[]> {
  const { entry, other } = await plant(superuser);
  return await brokenRules(superuser, [
    answers('a posting returns its own balance', post(3), `count(*) = 1 and min("onHand") = 8`),
    answers('a posting that expects its own version', post(3, 1), `count(*) = 1 and min(version) = 2`),
    answers(
      'a reversal has the lines of its own entry',
      reverse(entry.own),
      `count(*) = 1 and min("onHand") = 0`,
    ),
    {
      rule: `a reversal of another organization's entry`,
      statement: `select ${reverse(entry.theirs)}`,
      outcome: 'SK404',
    },
    refuses('an issue of too much reports its own shortage only', post(-9), 'SK201', `count(*) = 1`),
    refuses(
      'an item of another organization does not exist',
      `inventory.post_entry('{"kind":"receipt","lines":[{"sku":"THEIRS","location":"THEIRS","quantity":1}]}')`,
      'SK301',
      `count(*) = 2 and bool_and(message like 'there is no %')`,
    ),
    answers(
      'a batch returns its own balance',
      `${batch('atomic', 3)} -> 'results' -> 0 -> 'entry'`,
      `count(*) = 1 and min("onHand") = 8 and min(version) = 2`,
    ),
    answers(
      'a batch that is posted entry by entry returns its own balance',
      `${batch('each', 3, -99)} -> 'results' -> 0 -> 'entry'`,
      `count(*) = 1 and min("onHand") = 8 and min(version) = 2`,
    ),
    locksNothingOf(other, 'a batch that is posted entry by entry', batch('each', 3, -99)),
    // Of five H one is held, and one more was until it expired. The other holds three and has less than nothing.
    answers('a posting shows what is reserved of its own', postHeld(1), 'bool_and(reserved = 1)'),
    answers(
      'a batch shows what is reserved of its own',
      `inventory.post_entries('atomic', '[${JSON.stringify(entryOf(1, undefined, 'H'))}]') -> 'results' -> 0 -> 'entry'`,
      'bool_and(reserved = 1)',
    ),
    refuses(
      'an issue of what is held reports its own shortage only',
      postHeld(-4.5),
      'SK201',
      'count(*) = 1 and min(available) = 4',
    ),
    refuses(
      'a hold of too much reports its own shortage only',
      hold(4.5),
      'SK201',
      'count(*) = 1 and min(available) = 4',
    ),
    { rule: 'a hold of all that is available of its own', statement: `select ${hold(4)}`, outcome: 'ok' },
    locksNothingOf(other, 'a hold', hold(1)),
  ]);
}

const entryOf = (quantity: number, expectedVersion?: number, sku = 'A') => {
  const line = { sku, location: 'L', quantity, expectedVersion };
  return { kind: quantity > 0 ? 'receipt' : 'issue', lines: [line] };
};
const post = (quantity: number, expectedVersion?: number) =>
  `inventory.post_entry('${JSON.stringify(entryOf(quantity, expectedVersion))}')`;
/** Of the item of which something is held. */
const postHeld = (quantity: number) =>
  `inventory.post_entry('${JSON.stringify(entryOf(quantity, undefined, 'H'))}')`;
const batch = (mode: 'atomic' | 'each', ...quantities: readonly number[]) =>
  `inventory.post_entries('${mode}', '${JSON.stringify(quantities.map((quantity) => entryOf(quantity)))}')`;
const hold = (quantity: number, more: object = {}) =>
  `inventory.reserve('${JSON.stringify({ lines: [{ sku: 'H', location: 'L', quantity }], ...more })}')`;
const reverse = (id: string) => `inventory.reverse_entry('${id}', null, null)`;

const columns = `(sku text, message text, available numeric, balance json)`;

/** Expects that the call returns lines that meet the condition. */
function answers(rule: string, call: string, condition: string): Expectation {
  return {
    rule,
    statement: `do $$
      declare
        v_answer json := ${call};
      begin
        if not (
          select ${condition}
          from json_to_recordset(v_answer -> 'lines') as line ${columns}
          cross join lateral json_to_record(line.balance) as b ("onHand" numeric, reserved numeric, version bigint)
        ) then
          raise 'it returns %', v_answer using errcode = 'SK999';
        end if;
      end $$`,
    outcome: 'ok',
  };
}

/** Expects that the call is refused with a detail that meets the condition. */
function refuses(rule: string, call: string, code: string, condition: string): Expectation {
  return {
    rule,
    statement: `do $$
      declare
        v_detail text;
      begin
        perform ${call};
        raise 'it was not refused' using errcode = 'SK999';
      exception
        when sqlstate '${code}' then
          get stacked diagnostics v_detail = pg_exception_detail;
          if not (select ${condition} from json_to_recordset(v_detail::json) as line ${columns}) then
            raise 'its detail is %', v_detail using errcode = 'SK999';
          end if;
      end $$`,
    outcome: 'ok',
  };
}

/** Expects that the call locks no balance of an organization. A row that is locked has another xmax. */
function locksNothingOf(organization: string, rule: string, call: string): Expectation {
  const marks = `(select array_agg(xmax::text order by item_id) from inventory.balances where org_id = '${organization}')`;
  return {
    rule: `${rule} locks no balance of another organization`,
    statement: `do $$
      declare
        v_before text[] := ${marks};
      begin
        perform ${call};
        if ${marks} <> v_before then
          raise 'it locks one' using errcode = 'SK999';
        end if;
      end $$`,
    outcome: 'ok',
  };
}

/**
 * Creates both and enters one. Returns the id of its entry, and that of an entry that only the other has. The other has less
 * than nothing, so that a function that mistakes its stock finds a shortage.
 */
async function plant(superuser: Client): Promise<{ entry: { own: string; theirs: string }; other: string }> {
  const { rows } = await superuser.query<{ id: string }>(
    `insert into tenancy.organizations (slug, name) values ('twin-own', 'Own'), ('twin-other', 'Other') returning id`,
  );
  const [own = '', other = ''] = rows.map(({ id }) => id);
  const enter = (id: string) => superuser.query('select tenancy.enter_as_job($1)', [id]);
  const receive = async () =>
    (await superuser.query<{ id: string }>(`select ${post(5)} ->> 'entryId' as id`)).rows[0]?.id ?? '';
  await superuser.query(
    `with item as (select sku, inventory.new_id() as id from unnest('{A,H}'::text[]) as sku), location as (select inventory.new_id() as id),
     items as (
       insert into inventory.items (org_id, id, sku, name, allow_negative)
       select org, item.id, item.sku, item.sku, org = $2 from item, unnest($1::uuid[]) as org
       union all select $2, inventory.new_id(), 'THEIRS', 'Theirs', false
     )
     insert into inventory.locations (org_id, id, code, name)
     select org, location.id, 'L', 'L' from location, unnest($1::uuid[]) as org
     union all select $2, inventory.new_id(), 'THEIRS', 'Theirs'`,
    [[own, other], other],
  );
  await enter(own);
  const ownEntry = await receive();
  // The other has the same entry and two later ones, so its balance has another version.
  await enter(other);
  await superuser.query(
    `insert into inventory.entries (org_id, id, kind, occurred_at, recorded_at, actor, metadata)
     select $2, id, kind, occurred_at, recorded_at, actor, metadata from inventory.entries where org_id = $1`,
    [own, other],
  );
  await superuser.query(
    `insert into inventory.movements (org_id, entry_id, line, item_id, location_id, lot, quantity, occurred_at, recorded_at)
     select $2, entry_id, line, item_id, location_id, lot, quantity, occurred_at, recorded_at
     from inventory.movements where org_id = $1`,
    [own, other],
  );
  await receive();
  const theirs = await receive();
  await plantHolds(superuser, 3);
  await superuser.query(`select ${post(-99)}, ${postHeld(-99)}`);
  await superuser.query('update inventory.items set allow_negative = false where org_id = $1', [other]);
  await enter(own);
  await superuser.query(`select ${postHeld(5)}`);
  await plantHolds(superuser, 1);
  return { entry: { own: ownEntry, theirs }, other };
}

/** Of the organization that was entered: a hold, and one that has expired. */
async function plantHolds(superuser: Client, quantity: number): Promise<void> {
  const expiresAt = '2999-01-01T00:00:00Z';
  await superuser.query(`select ${hold(quantity)}, ${hold(quantity, { expiresAt })}`);
  await superuser.query(
    `update inventory.reservations set expires_at = now() - interval '1 second' where expires_at = $1`,
    [expiresAt],
  );
}

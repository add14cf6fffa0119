import { type Client, escapeLiteral } from 'pg';
import { asSuperuser } from '../../clone.ts';
import { type Answer, acknowledgementOf, type Journal, type Operation } from '../journal.ts';
import { checkAnswers } from './check-answers.ts';
import { type Breach, checkLedger } from './check-ledger.ts';
import { readRecords } from './records.ts';

/** A loss that the checker must find: in what is stored, or in the answers of the clients. */
interface Plant {
  readonly name: string;
  readonly breach: Breach;
  /** Statements of the superuser, with triggers and foreign keys off. They are rolled back afterwards. */
  readonly damage?: (targets: Targets) => string;
  readonly forge?: (targets: Targets, journal: Journal) => Journal;
}

/** Writes of a run that were acknowledged. */
interface Targets {
  /** A receipt of one line. */
  readonly receipt: Operation;
  /** A receipt of several lines. */
  readonly receipts: Operation;
  readonly transfer: Operation;
  readonly item: Operation;
  readonly neighbour: Operation;
}

export interface PlantResult {
  readonly name: string;
  readonly found: boolean;
}

const idOf = (operation: Operation) => escapeLiteral(acknowledgementOf(operation)?.body.entryId ?? '');
const nameOf = ({ writes }: Operation) => escapeLiteral(writes?.name ?? '');
const balanceOf = (receipt: Operation) =>
  `(org_id, item_id, location_id) = (select org_id, item_id, location_id from inventory.movements where entry_id = ${idOf(receipt)})`;

/** Stores a receipt once more, with its balance. */
const doubled = ({ receipt }: Targets) => `
  update inventory.balances b set on_hand = b.on_hand + m.quantity, version = b.version + 1
  from inventory.movements m
  where m.entry_id = ${idOf(receipt)}
    and (b.org_id, b.item_id, b.location_id) = (m.org_id, m.item_id, m.location_id);
  insert into inventory.movements
  select (jsonb_populate_record(m, jsonb_build_object('entry_id', 'ffffffff-0000-7000-8000-000000000000'))).*
  from inventory.movements m where entry_id = ${idOf(receipt)};
  insert into inventory.entries
  select (jsonb_populate_record(e, jsonb_build_object('id', 'ffffffff-0000-7000-8000-000000000000'))).*
  from inventory.entries e where id = ${idOf(receipt)}`;

const stored: readonly Plant[] = [
  {
    name: 'a movement deleted',
    breach: 'not as answered',
    damage: ({ receipts }) =>
      `delete from inventory.movements where entry_id = ${idOf(receipts)} and line = 1`,
  },
  {
    name: 'an entry and its movements deleted, and the balance corrected',
    breach: 'lost',
    damage: ({ receipt }) => `
      update inventory.balances set version = version - 1,
        on_hand = on_hand - (select quantity from inventory.movements where entry_id = ${idOf(receipt)})
      where ${balanceOf(receipt)};
      delete from inventory.movements where entry_id = ${idOf(receipt)};
      delete from inventory.entries where id = ${idOf(receipt)}`,
  },
  { name: 'an entry doubled, with its balance', breach: 'doubled', damage: doubled },
  {
    name: 'a movement doubled',
    breach: 'not as answered',
    damage: ({ receipt }) => `
      insert into inventory.movements
      select (jsonb_populate_record(m, jsonb_build_object('line', 2))).*
      from inventory.movements m where entry_id = ${idOf(receipt)}`,
  },
  {
    name: 'half of a transfer',
    breach: 'lost',
    damage: ({ transfer }) =>
      `delete from inventory.movements where entry_id = ${idOf(transfer)} and line = 1`,
  },
  {
    name: 'a balance changed',
    breach: 'wrong balance',
    damage: ({ receipt }) =>
      `update inventory.balances set on_hand = on_hand + 0.25 where ${balanceOf(receipt)}`,
  },
  {
    name: 'a version skipped',
    breach: 'wrong version',
    damage: ({ receipt }) =>
      `update inventory.balances set version = version + 1 where ${balanceOf(receipt)}`,
  },
  {
    name: 'an entry in another organization',
    breach: 'leaked',
    damage: ({ receipt, neighbour }) => `
      update inventory.entries set org_id = ${escapeLiteral(neighbour.organization.id)} where id = ${idOf(receipt)}`,
  },
  {
    name: 'an entry that nobody asked for',
    breach: 'not asked for',
    damage: ({ receipt }) => `update inventory.entries set reference = 'nobody' where id = ${idOf(receipt)}`,
  },
  {
    name: 'an item deleted',
    breach: 'lost',
    damage: ({ item }) => `delete from inventory.items where sku = ${nameOf(item)}`,
  },
];

const answered: readonly Plant[] = [
  {
    name: 'an acknowledgement forged',
    breach: 'lost',
    forge: ({ receipt }, journal) => [
      ...journal,
      { ...receipt, writes: { kind: 'entry', name: 'never sent' } },
    ],
  },
  {
    name: 'a refusal of what is stored',
    breach: 'refused but stored',
    forge: ({ receipt }, journal) =>
      without(receipt, journal, [refusal(receipt, 409, 'insufficient_stock', undefined)]),
  },
  {
    name: 'an unavailable database that has stored it',
    breach: 'refused but stored',
    forge: ({ receipt }, journal) => without(receipt, journal, [refusal(receipt, 503, 'unavailable', '2')]),
  },
  {
    name: 'another balance answered',
    breach: 'wrong version',
    forge: ({ receipt }, journal) => without(receipt, journal, [changed(receipt, '"onHand":', '"onHand":1')]),
  },
  {
    name: 'another answer to a repetition',
    breach: 'wrong answer',
    forge: ({ receipt }, journal) =>
      without(receipt, journal, [
        answerOf(receipt),
        { ...changed(receipt, '"onHand":', '"onHand":1'), replayed: true },
      ]),
  },
  {
    name: 'a repetition that took effect again',
    breach: 'wrong answer',
    forge: ({ receipt }, journal) => without(receipt, journal, [answerOf(receipt), answerOf(receipt)]),
  },
  {
    name: 'a name of another organization in an answer',
    breach: 'leaked',
    forge: ({ receipt, neighbour }, journal) =>
      without(receipt, journal, [changed(receipt, receipt.organization.slug, neighbour.organization.slug)]),
  },
  ...(
    [
      ['a 500', 500, 'internal', undefined],
      ['a 503 that does not say when to come back', 503, 'unavailable', undefined],
      ['a code that is not documented', 503, 'broken', '2'],
      ['a status that is not documented for its code', 400, 'unavailable', '2'],
      ['a 401 while the database is away', 401, 'invalid_credentials', undefined],
    ] as const
  ).map(
    ([name, status, code, retryAfter]): Plant => ({
      name,
      breach: 'wrong answer',
      forge: ({ receipt }, journal) =>
        without(receipt, journal, [refusal(receipt, status, code, retryAfter), answerOf(receipt)]),
    }),
  ),
];

export const plants: readonly Plant[] = [...stored, ...answered];

/** The journal with other answers to one operation. */
function without(operation: Operation, journal: Journal, answers: readonly Answer[]): Journal {
  const attempts = answers.map((answer) => ({ startedMs: 0, endedMs: 0, answer, wasRefused: false }));
  return [...journal.filter((each) => each !== operation), { ...operation, attempts }];
}

function answerOf(operation: Operation): Answer {
  const answer = acknowledgementOf(operation);
  if (!answer) throw new Error('the target was not acknowledged');
  return { ...answer, replayed: false };
}

function changed(operation: Operation, text: string, by: string): Answer {
  const answer = answerOf(operation);
  const other = answer.text.replaceAll(text, by);
  return { ...answer, text: other, body: JSON.parse(other) };
}

function refusal(operation: Operation, status: number, code: string, retryAfter: string | undefined): Answer {
  const body = { type: 'about:blank', title: 'Planted', status, code, detail: 'Planted.', requestId: 'r' };
  return {
    ...answerOf(operation),
    ...{ status, retryAfter, body, text: JSON.stringify(body), contentType: 'application/problem+json' },
  };
}

const begin = `begin; ${['entries', 'movements', 'balances', 'items']
  .map((table) => `alter table inventory.${table} disable trigger all`)
  .join('; ')}`;

/** Plants each loss into the records and the journal of a run without a fault, and runs the checker over them. */
export async function findPlants(adminUrl: string, journal: Journal): Promise<PlantResult[]> {
  const targets = targetsIn(journal);
  const organizations = [...new Set(journal.map(({ organization }) => organization))];
  return await asSuperuser(adminUrl, async (superuser) => {
    const results: PlantResult[] = [];
    for (const { name, breach, damage, forge } of plants) {
      await superuser.query(begin);
      try {
        if (damage) await changeSomething(superuser, damage(targets));
        const records = await readRecords(superuser, organizations);
        const seen = forge?.(targets, journal) ?? journal;
        const findings = [...checkLedger(seen, records), ...checkAnswers(seen, [])];
        results.push({ name, found: findings.some((each) => each.breach === breach) });
      } finally {
        await superuser.query('rollback');
      }
    }
    return results;
  });
}

async function changeSomething(superuser: Client, statements: string): Promise<void> {
  const results = [await superuser.query(statements)].flat();
  if (results.some(({ rowCount }) => !rowCount)) throw new Error(`the damage changed nothing: ${statements}`);
}

function targetsIn(journal: Journal): Targets {
  const find = (what: string, fits: (operation: Operation) => boolean = () => true): Operation => {
    const found = journal.find(
      (each) => each.what === what && each.key && acknowledgementOf(each) !== undefined && fits(each),
    );
    if (!found) throw new Error(`the clients had too little time: no ${what} was acknowledged`);
    return found;
  };
  const linesOf = (operation: Operation) => acknowledgementOf(operation)?.body.lines.length;
  const receipt = find('receipt', (each) => linesOf(each) === 1);
  return {
    receipt,
    receipts: find('receipt', (each) => linesOf(each) > 1),
    transfer: find('transfer'),
    item: find('item'),
    neighbour: find('receipt', (each) => each.organization !== receipt.organization),
  };
}

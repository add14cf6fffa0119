import { randomUUID } from 'node:crypto';
import { acknowledgementOf, type Operation, type Organization } from './journal.ts';

/** One client of an organization. */
export interface ClientName {
  readonly organization: Organization;
  /** Its number in the organization. */
  readonly number: number;
  /** How far its clock is ahead of the machine's. It dates its own entries. */
  readonly clockAheadMs: number;
}

const itemCount = 5;
export const itemsOf = ({ slug }: Organization): string[] =>
  Array.from({ length: itemCount }, (_, number) => `${slug}-item-${number}`);
export const placesOf = ({ slug }: Organization): string[] => [`${slug}-hall`, `${slug}-shop`];

type Asked = Pick<Operation, 'what' | 'method' | 'path' | 'body' | 'writes'> & {
  readonly withoutKey?: true;
};

/** What a client asks in a turn. `earlier` are its operations so far. */
export function requestOf(client: ClientName, turn: number, earlier: readonly Operation[]): Operation {
  const { organization, number } = client;
  const { withoutKey, ...asked } = turns[turn % turns.length]?.(client, turn, earlier) ?? ready;
  // One client of each organization is a user with a token, the others are programs with a key.
  const credential: Record<string, string> =
    number === 1 ? { authorization: `Bearer ${organization.token}` } : { 'x-api-key': organization.apiKey };
  const key = asked.writes && !withoutKey ? randomUUID() : undefined;
  return {
    ...asked,
    organization,
    key,
    headers: { ...credential, ...(key && { 'idempotency-key': key }) },
    attempts: [],
  };
}

/** After so many turns a client has asked everything once. */
export const turnCount = 13;

const ready: Asked = { what: 'ready', method: 'GET', path: '/ready', body: undefined, writes: undefined };

const turns: readonly ((client: ClientName, turn: number, earlier: readonly Operation[]) => Asked)[] = [
  (client, turn) => entry(client, turn, 'receipt', [line(client, turn, 8)]),
  (client, turn) => transfer(client, turn),
  (client, turn) => ({ ...entry(client, turn, 'receipt', [line(client, turn, 2)]), withoutKey: true }),
  ({ organization }, turn) => read('balance', `/v1/items/${itemsOf(organization)[turn % itemCount]}/balance`),
  (client, turn) => entry(client, turn, 'issue', [line(client, turn, -1)]),
  () => read('movements', '/v1/movements?limit=20'),
  (client, turn) => entry(client, turn, 'issue', [line(client, turn, -1_000_000)]),
  (client, turn) => ({ ...transfer(client, turn), withoutKey: true }),
  (client, turn) => item(client, turn),
  (client, turn, earlier) => reversal(client, turn, earlier),
  (client, turn) =>
    entry(
      client,
      turn,
      'receipt',
      Array.from({ length: itemCount }, (_, index) => line(client, turn + index, 1)),
    ),
  (_, __, earlier) => readEntry(earlier),
  () => ready,
];

function read(what: string, path: string): Asked {
  return { what, method: 'GET', path, body: undefined, writes: undefined };
}

function post(what: string, path: string, body: object, writes: Asked['writes']): Asked {
  return { what, method: 'POST', path, body, writes };
}

const nameOf = ({ organization, number }: ClientName, turn: number) =>
  `${organization.slug}-${number}-${turn}`;

function entry(client: ClientName, turn: number, kind: string, lines: readonly object[]): Asked {
  const reference = nameOf(client, turn);
  const occurredAt = new Date(Date.now() + client.clockAheadMs).toISOString();
  return post(
    kind,
    '/v1/movements',
    { kind, reference, occurredAt, lines },
    { kind: 'entry', name: reference },
  );
}

/** Quantities are quarters, so their sums are exact. */
function line({ organization, number }: ClientName, turn: number, quantity: number): object {
  const places = placesOf(organization);
  return {
    sku: itemsOf(organization)[turn % itemCount],
    location: places[(turn + number) % places.length],
    quantity: quantity + 0.25,
  };
}

/** Moves what the turn before has received. Those of two clients are opposed, as in a shop. */
function transfer(client: ClientName, turn: number): Asked {
  const { organization, number } = client;
  const places = placesOf(organization);
  const [from, to] = [turn - 1 + number, turn + number].map((place) => places[place % places.length]);
  const reference = nameOf(client, turn);
  const lines = [{ sku: itemsOf(organization)[(turn - 1) % itemCount], quantity: 0.25 }];
  return post(
    'transfer',
    '/v1/transfers',
    { from, to, reference, lines },
    { kind: 'entry', name: reference },
  );
}

function item(client: ClientName, turn: number): Asked {
  const sku = nameOf(client, turn);
  return post('item', '/v1/items', { sku, name: sku }, { kind: 'item', name: sku });
}

function reversal(client: ClientName, turn: number, earlier: readonly Operation[]): Asked {
  const of = lastEntry(earlier);
  if (!of) return ready;
  const reference = nameOf(client, turn);
  return post('reversal', `/v1/entries/${of}/reversal`, { reference }, { kind: 'entry', name: reference });
}

function readEntry(earlier: readonly Operation[]): Asked {
  const id = lastEntry(earlier);
  return id ? read('entry', `/v1/entries/${id}`) : ready;
}

/** The last receipt that was acknowledged. */
function lastEntry(earlier: readonly Operation[]): string | undefined {
  const last = earlier.findLast((each) => each.what === 'receipt' && acknowledgementOf(each) !== undefined);
  return last && acknowledgementOf(last)?.body.entryId;
}

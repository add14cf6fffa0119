import { setTimeout as delay } from 'node:timers/promises';
import type { Caller } from '../../caller.ts';
import type { OldProgram } from './old-program.ts';
import { busyItems, codeOf, type ShopSize, skuOf } from './shop.ts';
import type { Program, Switchboard } from './switchboard.ts';

/** One request, as its client saw it. */
export interface Seen {
  readonly what: string;
  readonly program: Program;
  readonly startedMs: number;
  readonly waitedMs: number;
  /** What went wrong; undefined when it was answered. */
  readonly failure: string | undefined;
}

/** What the answered requests have changed: the quantity and the number of movements, by `sku at code`. */
export type Changes = Map<string, { quantity: number; movements: number }>;

export interface ClientsOptions {
  readonly programs: readonly OldProgram[];
  /** The API after the switch. */
  readonly api: () => Promise<Caller>;
  readonly switchboard: Switchboard;
  readonly size: ShopSize;
  /** The pause of a client between two requests, on average. */
  readonly pauseMs: number;
}

/** Clients that read and write until they are stopped. Each waits for its answer before it asks again. */
export interface Clients {
  readonly seen: readonly Seen[];
  readonly changes: Changes;
  /** Returns when the last answer has come. */
  stop(): Promise<void>;
}

interface Request {
  readonly what: string;
  readonly old: (program: OldProgram) => Promise<unknown>;
  readonly new: (api: Caller) => Promise<unknown>;
  readonly changes?: readonly (readonly [key: string, quantity: number])[];
}

export function startClients({ programs, api, switchboard, size, pauseMs }: ClientsOptions): Clients {
  const seen: Seen[] = [];
  const changes: Changes = new Map();
  const stopping = new AbortController();
  const work = programs.map(async (program, client) => {
    for (let turn = 0; !stopping.signal.aborted; turn += 1) {
      await ask(program, requestOf(client, turn, size));
      await delay(pauseMs * (0.5 + Math.random()));
    }
  });

  async function ask(program: OldProgram, request: Request): Promise<void> {
    const startedMs = performance.now();
    let by: Program = 'old';
    let failure: string | undefined;
    try {
      await switchboard.route(async (answering) => {
        by = answering;
        await (answering === 'old' ? request.old(program) : request.new(await api()));
      });
      for (const [key, quantity] of request.changes ?? []) note(changes, key, quantity);
    } catch (error) {
      failure = error instanceof Error ? error.message : String(error);
    }
    seen.push({
      what: request.what,
      program: by,
      startedMs,
      waitedMs: performance.now() - startedMs,
      failure,
    });
  }

  return {
    seen,
    changes,
    async stop() {
      stopping.abort();
      await Promise.all(work);
    },
  };
}

function note(changes: Changes, key: string, quantity: number): void {
  const { quantity: before, movements } = changes.get(key) ?? { quantity: 0, movements: 0 };
  changes.set(key, { quantity: before + quantity, movements: movements + 1 });
}

/** What a client asks in a turn. Opposed transfers of the same items meet, as in a shop. */
function requestOf(client: number, turn: number, { items, locations }: ShopSize): Request {
  const sku = skuOf(1 + ((turn * 13 + client * 7) % Math.min(items, busyItems)));
  const [one, other] = [codeOf(1 + (turn % locations)), codeOf(1 + ((turn + 1) % locations))];
  const [from, to] = client % 2 === 0 ? [one, other] : [other, one];
  const quantity = 1 + (turn % 8) / 4;
  switch (turn % 6) {
    case 0:
      return {
        what: 'receipt',
        old: (program) => program.receive(sku, one, quantity + 4),
        new: (api) =>
          posted(api.request('POST', '/v1/movements', entryOf('receipt', sku, one, quantity + 4))),
        changes: [[`${sku} at ${one}`, quantity + 4]],
      };
    case 1:
      return {
        what: 'transfer',
        old: (program) => program.transfer(sku, from, to, 0.25, `T-${client}-${turn}`),
        new: (api) =>
          posted(api.request('POST', '/v1/transfers', { from, to, lines: [{ sku, quantity: 0.25 }] })),
        changes: [
          [`${sku} at ${from}`, -0.25],
          [`${sku} at ${to}`, 0.25],
        ],
      };
    case 2:
      return {
        what: 'stock',
        old: (program) => program.stock(sku, one),
        new: (api) => answered(api.request('GET', `/v1/items/${sku}/balance`)),
      };
    case 3:
      return {
        what: 'issue',
        old: (program) => program.issue(sku, one, 0.5),
        new: (api) => posted(api.request('POST', '/v1/movements', entryOf('issue', sku, one, -0.5))),
        changes: [[`${sku} at ${one}`, -0.5]],
      };
    case 4:
      return {
        what: 'movements',
        old: (program) => program.movements(sku),
        new: (api) => answered(api.request('GET', `/v1/movements?sku=${sku}&limit=200`)),
      };
    default:
      return {
        what: 'item',
        old: (program) => program.copyItem(`COPY-${client}-${turn % 5}`, `Copy ${turn}`),
        new: (api) => answered(api.request('GET', `/v1/items/${sku}`)),
      };
  }
}

function entryOf(kind: string, sku: string, location: string, quantity: number) {
  return { kind, lines: [{ sku, location, quantity }] };
}

async function posted(answer: ReturnType<Caller['request']>): Promise<void> {
  const { status, body } = await answer;
  if (status !== 201) throw new Error(`${status} ${JSON.stringify(body)}`);
}

async function answered(answer: ReturnType<Caller['request']>): Promise<void> {
  const { status, body } = await answer;
  if (status !== 200) throw new Error(`${status} ${JSON.stringify(body)}`);
}

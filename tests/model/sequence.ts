import { randomUUID } from 'node:crypto';
import fc from 'fast-check';
import type { Client } from 'pg';
import { createOrganization } from '#tenancy/organizations.ts';
import { caller } from '#tests/caller.ts';
import type { World } from '#tests/world.ts';
import { balancesAgree, everythingAgrees } from './agreement.ts';
import { expireSide } from './expiring.ts';
import { placeOf } from './model.ts';
import type { Operation } from './operations/operations.ts';
import { Play } from './play.ts';
import { toNumber } from './quantity.ts';
import type { Request } from './request.ts';
import { type Sealers, sealSide } from './sealing.ts';
import { type Side, sideOf } from './side.ts';
import { withNames } from './trace.ts';

/** What a sequence runs on; the connections are opened once for all sequences. */
export interface Ground extends Sealers {
  readonly world: World;
  readonly admin: Client;
}

export async function openGround(world: World): Promise<Ground> {
  const [admin, jobs, superuser] = await Promise.all([
    world.connect('stockade_admin'),
    world.connect('stockade_jobs'),
    world.superuser(),
  ]);
  return { world, admin, jobs, superuser };
}

/** What each organization begins with: the same names, another thing behind each, and some stock to quarrel over. */
const beginnings = [
  {
    items: [
      { sku: 'A', reorderPoint: 5 },
      { sku: 'b', tracking: 'lot' },
      { sku: 'Ä', allowNegative: true },
    ],
    stock: [
      { sku: 'A', location: 'MAIN', quantity: 10 },
      { sku: 'b', location: 'MAIN', lot: 'L1', quantity: 10 },
      { sku: 'b', location: 'shop', lot: 'l2', quantity: 2.5 },
      { sku: 'Ä', location: 'shop', quantity: -3 },
    ],
  },
  {
    items: [
      { sku: 'A', tracking: 'lot' },
      { sku: 'b', allowNegative: true, reorderPoint: 0.5 },
      { sku: 'A B' },
    ],
    stock: [
      { sku: 'A', location: 'MAIN', lot: 'L1', quantity: 10 },
      { sku: 'b', location: 'MAIN', quantity: 3 },
      { sku: 'b', location: 'shop', quantity: -2 },
      { sku: 'A B', location: 'shop', quantity: 7.0001 },
    ],
  },
];

/** Two organizations that nobody has used before. */
export async function begin({ world, admin }: Ground): Promise<Play> {
  const sides: Side[] = [];
  for (const name of ['acme', 'globex']) {
    const slug = `${name}-${randomUUID()}`;
    const { id, apiKey } = await createOrganization(admin, { slug, name }, 'test');
    sides.push(sideOf(name, caller(world.url, { id, slug, apiKey })));
  }
  const play = new Play(sides as [Side, Side]);
  await Promise.all(
    play.sides.map(async (side, nth) => {
      const post = (path: string, body: Request['body']) => play.ask(side, { method: 'POST', path, body });
      const { items = [], stock } = beginnings[nth] ?? {};
      for (const item of items) await post('/v1/items', { ...item, name: item.sku });
      for (const code of ['MAIN', 'shop']) await post('/v1/locations', { code, name: code });
      await post('/v1/movements', { kind: 'opening', lines: stock });
    }),
  );
  play.trace.splice(0, play.trace.length, ...play.sides.map(beginningLine));
  return play;
}

function beginningLine({ ledger }: Side): string {
  const items = ledger.items.map(
    ({ sku, tracking, allowNegative }) =>
      `${sku}${tracking === 'lot' ? ' (lots)' : ''}${allowNegative ? ' (may be negative)' : ''}`,
  );
  const stock = ledger
    .balances()
    .map((balance) => `${toNumber(balance.onHand)} ${placeOf(balance).filter(Boolean).join(' ')}`);
  const codes = ledger.locations.map(({ code }) => code);
  return `${ledger.name} has ${[...items, ...codes].join(', ')}; ${ledger.name}-1: ${stock.join(', ')}`;
}

/** The product's answer is not the model's. Its message is the whole sequence. */
export class Disagreement extends Error {
  override readonly name = 'Disagreement';

  constructor(play: Play, cause: unknown) {
    const text = [...play.trace, String(cause instanceof Error ? cause.message : cause)].join('\n');
    super(withNames(text, play.sides), { cause });
  }
}

/** An operation as fast-check runs and shrinks it. */
export class Step implements fc.AsyncCommand<Play, Ground> {
  readonly operation: Operation;

  constructor(operation: Operation) {
    this.operation = operation;
  }

  check(): boolean {
    return true;
  }

  async run(play: Play, ground: Ground): Promise<void> {
    const { operation } = this;
    const [own, other] = play.sidesOf(operation.tenant);
    await agreeing(play, async () => {
      if (operation.does === 'seal') return await sealSide(ground, play, own, operation);
      if (operation.does === 'expire') return await expireSide(ground, play, own, operation);
      const request = operation.draw(own, other);
      if (!request) return;
      const { status } = await play.ask(own, request);
      // What a refusal may have changed shows in what comes after it.
      if (request.method !== 'GET' && status < 400) await balancesAgree(play, own);
    });
  }

  toString(): string {
    return this.operation.does;
  }
}

/** Runs a sequence to its end, where everything must agree once more. */
export async function playThrough(
  ground: Ground,
  steps: Iterable<fc.AsyncCommand<Play, Ground>>,
): Promise<Play> {
  const play = await begin(ground);
  await fc.asyncModelRun(() => ({ model: play, real: ground }), steps);
  await agreeing(play, () => everythingAgrees(play));
  return play;
}

export async function agreeing(play: Play, act: () => Promise<void>): Promise<void> {
  try {
    await act();
  } catch (error) {
    throw new Disagreement(play, error);
  }
}

import { beginDrill } from '#recovery/drill/begin.ts';
import { tickDrill } from '#recovery/drill/drill.ts';
import type { DrillRecord } from '#recovery/drill/records.ts';
import { type ProofName, proofNames } from '#recovery/proofs/proof.ts';
import { type BackedUpLedger, openBackedUpLedger } from './backed-up-ledger.ts';
import { type Bench, type BenchOptions, type Comparison, compareRates, median, type What } from './bench.ts';
import { onSuperuser } from './history.ts';
import { startPlainCopy } from './plain-copy.ts';

const items = 1_000;

export const recovery: Bench = {
  name: 'recovery',
  summary:
    'The cost of a drill: the restore compared with a plain copy and start of the same files, the proofs compared with one aggregate and a bare amcheck. A round takes long, so it runs a third of the requested rounds',
  expect: (options) => ({
    comparisons: 4,
    seconds: (options.quick ? 12 : 60) + (1 + pairsOf(options)) * (options.quick ? 8 : 25),
  }),
  async *run(options) {
    const movements = options.quick ? 100_000 : 1_000_000;
    const ledger = await openBackedUpLedger(movements, items);
    try {
      const pairs: { readonly plain: Plain; readonly drill: Drill }[] = [];
      for (let round = 0; round <= pairsOf(options); round += 1) {
        // The order changes from pair to pair, so that neither side is always second.
        const drillFirst = round % 2 === 0 ? await runDrill(ledger) : undefined;
        const plain = await runPlain(ledger);
        const drill = drillFirst ?? (await runDrill(ledger));
        // The first round is a warm-up.
        if (round > 0) pairs.push({ plain, drill });
      }
      yield* comparisons(movements, pairs);
    } finally {
      await ledger.close();
    }
  },
};

/** A pair takes long. */
function pairsOf({ rounds }: BenchOptions): number {
  return Math.ceil(rounds / 3);
}

/** All times in milliseconds, each from its own start. */
interface Plain {
  readonly started: number;
  readonly aggregate: number;
  readonly amcheck: number;
}

interface Drill {
  readonly available: number;
  readonly queryable: number;
  readonly proven: number;
  readonly over: number;
  readonly proofs: number;
  readonly byProof: Readonly<Partial<Record<ProofName, number>>>;
}

function* comparisons(
  movements: number,
  pairs: readonly { readonly plain: Plain; readonly drill: Drill }[],
): Generator<Comparison> {
  const against = (
    what: What,
    subjectMs: (pair: (typeof pairs)[number]) => number,
    referenceMs: (pair: (typeof pairs)[number]) => number,
  ) =>
    compareRates(what, {
      subject: pairs.map((pair) => (movements / subjectMs(pair)) * 1_000),
      reference: pairs.map((pair) => (movements / referenceMs(pair)) * 1_000),
    });
  const seconds = (name: string, ms: (pair: (typeof pairs)[number]) => number) =>
    `${name} ${(median(pairs.map(ms)) / 1_000).toFixed(1)} s`;

  const copied = 'cp -r and pg_ctl start of the same files';
  const drill = `drill of ${movements.toLocaleString('en')} movements`;
  yield against(
    {
      name: `${drill}, until queryable`,
      subject: 'restored by RDS, with logins',
      reference: copied,
    },
    ({ drill }) => drill.queryable,
    ({ plain }) => plain.started,
  );
  yield against(
    {
      name: `${drill}, until torn down`,
      subject: 'restored, proven, recorded, torn down',
      reference: copied,
      detail: [
        [
          seconds('available after', ({ drill }) => drill.available),
          seconds('queryable after', ({ drill }) => drill.queryable),
          seconds('proven after', ({ drill }) => drill.proven),
          seconds('torn down after', ({ drill }) => drill.over),
        ].join(', '),
        seconds('plain copy and start:', ({ plain }) => plain.started),
      ],
    },
    ({ drill }) => drill.over,
    ({ plain }) => plain.started,
  );
  yield against(
    {
      name: 'all proofs',
      subject: 'every proof of the drill',
      reference: 'the aggregate and a bare amcheck, one after the other',
      target: 4,
      detail: [
        [
          seconds('aggregate', ({ plain }) => plain.aggregate),
          seconds('amcheck', ({ plain }) => plain.amcheck),
          seconds('proofs', ({ drill }) => drill.proofs),
        ].join(', '),
        `each: ${proofNames.map((name) => seconds(name, ({ drill }) => drill.byProof[name] ?? 0)).join(', ')}`,
      ],
    },
    ({ drill }) => drill.proofs,
    ({ plain }) => plain.aggregate + plain.amcheck,
  );
  yield against(
    {
      name: 'all proofs, against four aggregates and one amcheck',
      subject: 'every proof of the drill',
      reference: 'four times the aggregate, and a bare amcheck',
      target: 1,
    },
    ({ drill }) => drill.proofs,
    ({ plain }) => 4 * plain.aggregate + plain.amcheck,
  );
}

async function runDrill({ around, settled }: BackedUpLedger): Promise<Drill> {
  await beginDrill(around, { kind: 'snapshot' });
  for (;;) {
    const state = await tickDrill(around);
    if (!state) throw new Error('the drill that was started does not exist');
    if (state.waitsFor === undefined) return timesOf(state.drill);
    await settled();
  }
}

function timesOf({ requestedAt, tornDownAt, verdict, ...drill }: DrillRecord): Drill {
  if (!verdict?.passed || !verdict.proofs) throw new Error(`the drill did not pass: ${verdict?.summary}`);
  const { outcomes, durationMs } = verdict.proofs;
  return {
    available: drill.availableAfterMs ?? Number.NaN,
    queryable: drill.queryableAfterMs ?? Number.NaN,
    proven: drill.provenAfterMs ?? Number.NaN,
    over: (tornDownAt?.getTime() ?? Number.NaN) - requestedAt.getTime(),
    proofs: durationMs,
    byProof: Object.fromEntries(outcomes.map(({ proof, durationMs: ms }) => [proof, ms])),
  };
}

async function runPlain(ledger: BackedUpLedger): Promise<Plain> {
  const [copy, started] = await timed(() => startPlainCopy(ledger));
  try {
    return await onSuperuser(copy.url, async (superuser) => {
      await superuser.query('set jit = off');
      const [, aggregate] = await timed(() => superuser.query(plainAggregate));
      await superuser.query('begin');
      await superuser.query('create extension amcheck schema public');
      const { rows: relations } = await superuser.query(ledger.around.book.relations);
      const [, amcheck] = await timed(async () => {
        for (const { oid, how } of relations)
          await superuser.query(bareCheck[how as 'heap' | 'btree'], [oid]);
      });
      return { started, aggregate, amcheck };
    });
  } finally {
    await copy.stop();
  }
}

const plainAggregate = `select count(*) from (
  select org_id, item_id, location_id, lot, sum(quantity), count(*)
  from inventory.movements
  group by org_id, item_id, location_id, lot
) as summed`;

/** Only the checks of the proofs. */
const bareCheck = {
  heap: `select count(*) from public.verify_heapam(relation => $1::oid::regclass, check_toast => true, skip => 'none')`,
  btree: `select public.bt_index_parent_check(index => $1::oid::regclass, heapallindexed => true, rootdescend => true, checkunique => true)`,
};

async function timed<T>(work: () => Promise<T>): Promise<[T, number]> {
  const startedMs = performance.now();
  const result = await work();
  return [result, performance.now() - startedMs];
}

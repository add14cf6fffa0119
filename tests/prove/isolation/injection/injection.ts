import { type Attack, hidden, type Target, type Way, waysOf } from './attack.ts';
import { allAttacks } from './attacks/all.ts';
import { deadlineMs, openStage, type Stage } from './stage.ts';

/** Something an attack has achieved. */
export interface Breach {
  readonly attack: string;
  /** How it was sent. */
  readonly way: Way;
  readonly kind: 'seen' | 'changed' | 'left behind' | 'outlived' | 'harmed others';
  readonly what: string;
}

export interface DrillReport {
  readonly attacks: number;
  /** Attacks, each in every way it can be sent. */
  readonly injections: number;
  readonly breaches: readonly Breach[];
  /** What Postgres lets every role do, or RDS lets nobody take away: no row is seen or changed by it. */
  readonly remains: readonly (Breach & { readonly reason: string })[];
}

export interface DrillOptions {
  /**
   * `rds`: with everything the core of Postgres gives to everybody, which nobody can take away there. Its sessions
   * reach those of every database of the cluster.
   */
  readonly server?: 'own' | 'rds';
  /** `stop` at the first breach, for those who only want to know whether there is one. */
  readonly until?: 'end' | 'first breach';
  /** `one each`: a query that can be sent in two ways is sent in the stricter one. */
  readonly ways?: 'all' | 'one each';
  /** Only attacks whose name passes. */
  readonly only?: (name: string) => boolean;
  readonly signal?: AbortSignal;
  readonly onAttack?: (done: number, total: number) => void;
}

/** A request has this long beyond its deadline to end its session and to answer. */
const graceMs = 3_000;

/**
 * Attacks one organization with the key of another, through a handler that concatenates SQL, in a database that is
 * lost afterwards. `adminUrl` is the superuser's URL of it.
 */
export async function drill(adminUrl: string, options: DrillOptions = {}): Promise<DrillReport> {
  await using stage = await openStage(adminUrl, options.server ?? 'own');
  const unplanted = stage.unplanted.map(
    (table): Breach => ({
      attack: 'every table of the organization holds something to steal',
      way: 'single',
      kind: 'seen',
      what: `${table} has no row of it: plant one in tests/prove/isolation/victim.ts`,
    }),
  );
  return await attackAll(stage, unplanted, options);
}

async function attackAll(stage: Stage, breaches: Breach[], options: DrillOptions): Promise<DrillReport> {
  const attacks = (await allAttacks(stage.superuser, await targetOf(stage), await contextsOf(stage))).filter(
    ({ name }) => options.only?.(name) ?? true,
  );
  const remains: DrillReport['remains'][number][] = [];
  // The first look is at a session that nobody has attacked.
  await stage.watch.leftovers();
  let injections = 0;
  for (const [index, attack] of attacks.entries()) {
    options.signal?.throwIfAborted();
    for (const [way, inputs] of waysOf(attack, options.ways ?? 'all')) {
      injections += 1;
      for (const found of await attackOnce(stage, way, inputs)) {
        const breach: Breach = { attack: attack.name, way, ...found };
        const reason = whyItRemains(attack, breach, options.server ?? 'own');
        if (reason === undefined) breaches.push(breach);
        else remains.push({ ...breach, reason });
      }
      if (attack.undo !== undefined) {
        await stage.superuser.query(attack.undo);
        await stage.watch.changes();
      }
      if (breaches.length > 0 && options.until === 'first breach') {
        return { attacks: index + 1, injections, breaches, remains };
      }
    }
    options.onAttack?.(index + 1, attacks.length);
  }
  return { attacks: attacks.length, injections, breaches, remains };
}

function whyItRemains(attack: Attack, { kind }: Breach, server: 'own' | 'rds'): string | undefined {
  if (kind === 'seen' || kind === 'changed' || kind === 'outlived') return undefined;
  if (attack.remains !== undefined) return attack.remains;
  return server === 'rds' ? 'on RDS nobody can take the functions of the core from a role' : undefined;
}

async function attackOnce(
  { api, attacker, victim, atWork, watch, forbidden }: Stage,
  way: Way,
  inputs: readonly string[],
): Promise<Pick<Breach, 'kind' | 'what'>[]> {
  const breaches: Pick<Breach, 'kind' | 'what'>[] = [];
  const note = (kind: Breach['kind'], faults: readonly string[]) =>
    breaches.push(...faults.map((what) => ({ kind, what })));

  api.wire.forget();
  for (const input of inputs) {
    const startedMs = performance.now();
    await attacker.request('POST', `/drill/${way}`, { input });
    const tookMs = performance.now() - startedMs;
    if (tookMs > deadlineMs + graceMs) note('outlived', [`the request took ${Math.round(tookMs)} ms`]);
  }
  const answers = api.wire.answers().toString('latin1');
  note(
    'seen',
    [...new Set(forbidden)].filter((text) => answers.includes(text)).map((text) => `"${text}" was answered`),
  );
  note('outlived', await watch.stillRunning(graceMs));
  const changed = await watch.changes();
  note('changed', changed.rows ? ['rows of the other organization are not what they were'] : []);
  note('left behind', changed.objects ? ['objects of the database are not what they were'] : []);
  note('left behind', await watch.leftovers());
  for (const [who, organization] of [
    ['the attacker’s', attacker],
    ['the other’s', victim],
  ] as const) {
    const { status } = await organization.request('GET', '/v1/items?limit=1');
    if (status !== 200) note('harmed others', [`${who} next request was answered with ${status}`]);
  }
  if (!(await atWork.isAlive())) note('harmed others', ['the session of another organization was ended']);
  return breaches;
}

async function targetOf({ database, superuser, victim }: Stage): Promise<Target> {
  const { rows } = await superuser.query<{ id: string }>(
    'select id from inventory.entries where org_id = $1 limit 1',
    [victim.id],
  );
  return {
    database,
    org: `${hidden(victim.id)}::uuid`,
    slug: hidden(victim.slug),
    sku: hidden('KNOWN-1'),
    unusedSku: hidden('KNOWN-2'),
    entry: hidden(rows[0]?.id ?? ''),
  };
}

/** Genuine contexts of the organization under attack, by where they are from. */
async function contextsOf({ attacker, victim, atWork }: Stage): Promise<Readonly<Record<string, string>>> {
  const earlier = await victim.request('POST', '/drill/several', {
    input: `x' union all select current_setting('stockade.context') --`,
  });
  // The attacker's first request is on the very same connection.
  await attacker.request('GET', '/v1/items');
  return {
    'of an earlier transaction of this connection': earlier.body.found?.[0]?.sku ?? '',
    'of a transaction under way on another connection': await atWork.context(),
  };
}

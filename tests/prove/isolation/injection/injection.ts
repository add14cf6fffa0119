import { closeDatabase } from '#platform/postgres/database.ts';
import { setLogins } from '#scripts/local/logins.ts';
import { type Attack, type Way, waysOf } from './attack.ts';
import { allAttacks } from './attacks/all.ts';
import type { BystanderFigures } from './bystander.ts';
import { deadlineMs, type InjectionFixture, openFixture } from './fixture.ts';
import { targetOf } from './parties.ts';

/** A success of an attack. */
export interface Breach {
  readonly attack: string;
  /** How the attack was sent. */
  readonly way: Way;
  readonly kind: 'seen' | 'changed' | 'left behind' | 'outlived' | 'harmed others' | 'stalled others';
  readonly what: string;
}

export interface InjectionReport {
  readonly attacks: number;
  /** The number of attacks, counted once for every way to send them. */
  readonly injections: number;
  readonly breaches: readonly Breach[];
  /** Breaches that Postgres allows every role, or that cannot be prevented on RDS. They neither see nor change a row. */
  readonly remains: readonly (Breach & { readonly reason: string })[];
  /** Of an organization that worked during every attack, if one did. */
  readonly bystander: BystanderFigures | undefined;
}

export interface InjectionOptions {
  /**
   * `rds`: with the default privileges of Postgres, which cannot be revoked there. A session can then affect the sessions
   * of every database of the cluster. The role reads the tables too, as in an adopted application, so that the policies alone
   * keep the rows apart.
   */
  readonly server?: 'own' | 'rds';
  /** `somebody works`: another organization reads and posts during each attack, and nothing may keep it waiting. */
  readonly meanwhile?: 'somebody works' | 'nobody works';
  /**
   * Whether nobody else uses the server. Then attacks reach the roles too, the API connects again after each attack, and
   * what every role of the server has is compared.
   */
  readonly alone?: boolean;
  /** `first breach` stops at the first breach. */
  readonly until?: 'end' | 'first breach';
  /** `one each` sends a query only in the stricter of two ways. */
  readonly ways?: 'all' | 'one each';
  /** Selects attacks by their name. */
  readonly only?: (name: string) => boolean;
  readonly signal?: AbortSignal;
  readonly onAttack?: (done: number, total: number) => void;
}

/** The time that a request has after its deadline to end its session and to answer. */
const graceMs = 3_000;

/**
 * Attacks one organization with the key of another, through a handler that concatenates SQL. The database cannot be used
 * afterwards. `adminUrl` is its URL for the superuser.
 */
export async function runInjections(
  adminUrl: string,
  options: InjectionOptions = {},
): Promise<InjectionReport> {
  await using fixture = await openFixture(
    adminUrl,
    options.server ?? 'own',
    options.meanwhile ?? 'nobody works',
    options.alone ?? false,
  );
  const unplanted = fixture.unplanted.map(
    (table): Breach => ({
      attack: 'every table of the target has a row to steal',
      way: 'single',
      kind: 'seen',
      what: `${table} has no row: plant one in tests/prove/isolation/victim.ts`,
    }),
  );
  return await attackAll(fixture, unplanted, options);
}

async function attackAll(
  fixture: InjectionFixture,
  breaches: Breach[],
  options: InjectionOptions,
): Promise<InjectionReport> {
  const attacks = (
    await allAttacks(
      fixture.superuser,
      await targetOf(fixture.superuser, fixture.database, fixture.victim),
      await contextsOf(fixture),
    )
  ).filter(({ name, wholeServer }) => (options.alone || !wholeServer) && (options.only?.(name) ?? true));
  const remains: InjectionReport['remains'][number][] = [];
  // The first look records the state of a session before any attack.
  await fixture.watch.leftovers();
  let injections = 0;
  const reportUpTo = (attacked: number): InjectionReport => ({
    attacks: attacked,
    injections,
    breaches,
    remains,
    bystander: fixture.bystander?.figures(),
  });
  for (const [index, attack] of attacks.entries()) {
    options.signal?.throwIfAborted();
    for (const [way, inputs] of waysOf(attack, options.ways ?? 'all')) {
      injections += 1;
      for (const found of await attackOnce(fixture, way, inputs, options.alone ?? false)) {
        const breach: Breach = { attack: attack.name, way, ...found };
        const reason = whyItRemains(attack, breach, options.server ?? 'own');
        if (reason === undefined) breaches.push(breach);
        else remains.push({ ...breach, reason });
      }
      if (attack.spoilsPassword) await setLogins(fixture.adminUrl);
      if (attack.undo !== undefined) await fixture.superuser.query(attack.undo);
      if (attack.spoilsPassword || attack.undo !== undefined) await fixture.watch.changes();
      if (breaches.length > 0 && options.until === 'first breach') {
        return reportUpTo(index + 1);
      }
    }
    options.onAttack?.(index + 1, attacks.length);
  }
  return reportUpTo(attacks.length);
}

function whyItRemains(attack: Attack, { kind }: Breach, server: 'own' | 'rds'): string | undefined {
  if (kind === 'seen' || kind === 'changed' || kind === 'outlived') return undefined;
  if (attack.remains !== undefined) return attack.remains;
  if (attack.neverStalls && kind === 'stalled others') return undefined;
  return server === 'rds' ? 'on RDS the functions of Postgres itself cannot be revoked' : undefined;
}

async function attackOnce(
  { api, attacker, victim, atWork, bystander, watch, forbidden }: InjectionFixture,
  way: Way,
  inputs: readonly string[],
  alone: boolean,
): Promise<Pick<Breach, 'kind' | 'what'>[]> {
  const breaches: Pick<Breach, 'kind' | 'what'>[] = [];
  const note = (kind: Breach['kind'], faults: readonly string[]) =>
    breaches.push(...faults.map((what) => ({ kind, what })));

  api.wire.forget();
  const attack = async () => {
    for (const input of inputs) {
      const startedMs = performance.now();
      await attacker.request('POST', `/injection/${way}`, { input });
      const tookMs = performance.now() - startedMs;
      if (tookMs > deadlineMs + graceMs) note('outlived', [`the request took ${Math.round(tookMs)} ms`]);
    }
  };
  if (bystander) note('stalled others', await bystander.during(attack));
  else await attack();
  const answers = api.wire.answers().toString('latin1');
  note(
    'seen',
    [...new Set(forbidden)].filter((text) => answers.includes(text)).map((text) => `"${text}" was answered`),
  );
  note('outlived', await watch.stillRunning(graceMs));
  note('left behind', await watch.leftovers());
  if (alone) await closeDatabase();
  for (const [who, organization] of [
    ['the attacker’s', attacker],
    ['the other’s', victim],
  ] as const) {
    const { status } = await organization.request('GET', '/v1/items?limit=1');
    if (status !== 200) note('harmed others', [`${who} next request was answered with ${status}`]);
  }
  const changed = await watch.changes();
  note('changed', changed.rows ? ['rows of the other organization have changed'] : []);
  note('left behind', changed.objects ? ['objects of the database or roles have changed'] : []);
  if (!(await atWork.isAlive())) note('harmed others', ['the session of another organization was ended']);
  return breaches;
}

/** Genuine contexts of the target, by their origin. */
async function contextsOf({
  attacker,
  victim,
  atWork,
}: InjectionFixture): Promise<Readonly<Record<string, string>>> {
  const earlier = await victim.request('POST', '/injection/several', {
    input: `x' union all select current_setting('stockade.context') --`,
  });
  // The first request of the attacker uses the same connection.
  await attacker.request('GET', '/v1/items');
  return {
    'of an earlier transaction of this connection': earlier.body.found?.[0]?.sku ?? '',
    'of a transaction under way on another connection': await atWork.context(),
  };
}

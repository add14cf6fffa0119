import type { TableEffect } from '#schema/validator/effects/effects.ts';
import { blocksWrites, type LockMode, strengthOf, stronger } from '#schema/validator/effects/lock-modes.ts';
import type { FileObservation, Observation } from './observe-file.ts';

/** A statement that does not do what its text was taken to say. */
export interface Disagreement {
  readonly file: string;
  readonly line: number;
  readonly object: string;
  readonly verdict: string;
  readonly fact: string;
}

/** Where what was expected of the statements differs from what they did. */
export function disagreementsOf(file: string, observation: FileObservation): Disagreement[] {
  const found: Disagreement[] = [];
  let expected = new Map<number, Expectation>();
  for (const each of observation.statements) {
    if (each.isFirst) expected = new Map();
    expect(expected, each);
    if (isOpaque(each)) takeOver(expected, each);
    const place = { file, line: each.statement.line };
    found.push(
      ...(isOpaque(each) ? unseen(each) : [...lockFaults(expected, each), ...workFaults(each)]).map(
        (fault) => ({ ...place, ...fault }),
      ),
    );
  }
  const last = observation.statements.at(-1)?.statement.line ?? 1;
  return [
    ...found,
    ...observation.invalidIndexes.map((object) => ({
      file,
      line: last,
      object,
      verdict: 'every index is valid at the end',
      fact: 'it is invalid: writes keep it up to date, and no query uses it',
    })),
  ];
}

interface Expectation {
  readonly lock: LockMode;
  readonly isCertain: boolean;
}

type Fault = Pick<Disagreement, 'object' | 'verdict' | 'fact'>;

/** From here on a lock makes other migrations, VACUUM or requests wait: below it nobody notices. */
const noticed = strengthOf('SHARE UPDATE EXCLUSIVE');

function effectsOf({ reviews }: Observation): TableEffect[] {
  return reviews.flatMap(({ effects }) => effects.tables);
}

function isOpaque({ reviews }: Observation): boolean {
  return reviews.some(({ effects, unreadable }) => effects.opaque !== undefined || unreadable.length > 0);
}

/** The strongest lock that the statements of the transaction were to take up to now. */
function expect(expected: Map<number, Expectation>, each: Observation): void {
  const byName = new Map([...each.before.values()].map(({ name, oid }) => [name, oid]));
  for (const { table, lock, isCertain } of effectsOf(each)) {
    const oid = byName.get(table);
    if (oid === undefined) continue;
    const known = expected.get(oid);
    expected.set(oid, {
      lock: known ? stronger(known.lock, lock) : lock,
      isCertain: isCertain && (known?.isCertain ?? true),
    });
  }
}

/** What a statement that nobody could read has locked is held from here on. */
function takeOver(expected: Map<number, Expectation>, { locks }: Observation): void {
  for (const [oid, lock] of locks ?? []) expected.set(oid, { lock, isCertain: true });
}

function lockFaults(expected: ReadonlyMap<number, Expectation>, each: Observation): Fault[] {
  if (!each.locks) return [];
  const faults: Fault[] = [];
  for (const [oid, { name }] of each.before) {
    const [wanted, held] = [expected.get(oid), each.locks.get(oid)];
    const [wantedStrength, heldStrength] = [
      wanted ? strengthOf(wanted.lock) : 0,
      held ? strengthOf(held) : 0,
    ];
    if (wantedStrength === heldStrength || Math.max(wantedStrength, heldStrength) < noticed) continue;
    if (wanted && !wanted.isCertain && heldStrength < wantedStrength) continue;
    faults.push({
      object: name,
      verdict: wanted ? `locked in ${wanted.lock} mode` : 'not locked',
      fact: held ? `locked in ${held} mode` : 'not locked',
    });
  }
  return faults;
}

function workFaults(each: Observation): Fault[] {
  const effects = effectsOf(each);
  const faults: Fault[] = [];
  for (const [oid, { name }] of each.before) {
    const own = effects.filter(({ table }) => table === name);
    const works = own.map(({ work }) => work);
    const isCertain = own.every((effect) => effect.isCertain);
    const isDefined = own.some(({ lock }) => strengthOf(lock) >= noticed);
    const isRewritten = each.rewritten.has(oid);
    if (isRewritten !== works.includes('rewrite') && isCertain) {
      faults.push({
        object: name,
        verdict: isRewritten ? 'not written again' : 'written again',
        fact: isRewritten ? 'written again (another file)' : 'the same file as before',
      });
    }
    if (!each.locks || !isDefined || !isCertain || works.includes('rewrite') || works.includes('reads'))
      continue;
    const isScanned = each.scanned.has(oid);
    // The conditions of a DO block are queries, and how a query reads depends on a plan.
    if (isScanned && each.statement.kind === 'DoStmt') continue;
    if (isScanned === works.includes('scan') || isRewritten || isConcurrent(each)) continue;
    faults.push({
      object: name,
      verdict: isScanned
        ? 'its rows are not read'
        : `every row is read: ${own.find(({ work }) => work === 'scan')?.because}`,
      fact: isScanned ? 'read from end to end' : 'not read',
    });
  }
  return faults;
}

function isConcurrent({ reviews }: Observation): boolean {
  return reviews.some(({ effects }) => effects.waitsForOthers);
}

/**
 * Of a statement that nobody could read, what it does to others counts. How a function finds its rows depends on a plan, and
 * in a small table that is always to read all of them.
 */
function unseen(each: Observation): Fault[] {
  return [...each.before.values()].flatMap(({ oid, name }) => {
    const lock = each.locks?.get(oid);
    const stalls = lock !== undefined && blocksWrites(lock);
    const isRead = each.scanned.has(oid) && each.reviews.some(({ unreadable }) => unreadable.length > 0);
    const work = each.rewritten.has(oid) ? 'written again' : isRead ? 'read from end to end' : undefined;
    if (!stalls || !work) return [];
    return [
      { object: name, verdict: 'not known before it runs', fact: `${work} under a lock in ${lock} mode` },
    ];
  });
}

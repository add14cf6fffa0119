import { Problem, Unauthenticated } from '#platform/errors.ts';
import type { PresentedKey } from './api-keys.ts';

/** How many refusals there may be at once, and how many more each second. */
export interface Allowance {
  readonly atOnce: number;
  readonly perSecond: number;
}

export interface RefusedKeysOptions {
  readonly perSource?: Allowance;
  readonly overall?: Allowance;
  readonly nowMs?: () => number;
}

const defaults = {
  perSource: { atOnce: 100, perSecond: 1 },
  overall: { atOnce: 1_000, perSecond: 50 },
  nowMs: () => performance.now(),
} satisfies RefusedKeysOptions;

/** What tells one key from another. */
type KeyProof = Pick<PresentedKey, 'keyId' | 'secretDigest'>;

/** No key that the database refuses becomes valid later, except when a backup is restored. */
const refusedForMs = 30_000;
/** How long a key that was accepted is asked about whatever else happens. */
const acceptedForMs = 600_000;
/** Keys or sources remembered at once. A forgotten one costs no more than a question to the database. */
const maxRemembered = 10_000;

/**
 * Keeps floods of well-formed unknown keys from the database. A process remembers the keys that the database has refused,
 * and answers for it. Keys that it does not know yet are asked about as long as neither their source nor all sources
 * together have had too many refusals. A key that was accepted lately is always asked about, so that its owner may share an
 * address with somebody else.
 *
 * Only refusals are remembered as answers: of an accepted key the database decides in each transaction.
 */
export class RefusedKeys {
  private readonly perSource: Allowance;
  private readonly nowMs: () => number;
  private readonly refusedAtMs = new Map<string, number>();
  private readonly acceptedAtMs = new Map<string, number>();
  private readonly sources = new Map<string, Bucket>();
  /** Unknown keys that the database is being asked about, with the source of each. */
  private readonly asked = new Map<string, string>();
  private readonly overallAllowance: Allowance;
  private overall: Bucket;

  constructor(options: RefusedKeysOptions = {}) {
    const { perSource, overall, nowMs } = { ...defaults, ...options };
    this.perSource = perSource;
    this.overallAllowance = overall;
    this.nowMs = nowMs;
    this.overall = new Bucket(overall, nowMs());
  }

  /**
   * Decides whether the database is asked about a key. One that is not known counts as refused until its answer is here: of a
   * flood that comes at once, no more is asked than of one that comes in turn. Every ask ends in one of the `note…` methods.
   * @throws invalid_credentials when it has refused this key lately
   * @throws too_many_requests when it has refused too many others
   */
  assertMayAsk(key: KeyProof, source: string): void {
    const nowMs = this.nowMs();
    const name = nameOf(key);
    if (isYoung(this.refusedAtMs.get(name), nowMs, refusedForMs)) throw invalid();
    if (isYoung(this.acceptedAtMs.get(name), nowMs, acceptedForMs) || this.asked.has(name)) return;
    const buckets = this.bucketsOf(source, nowMs);
    const seconds = Math.max(...buckets.map((bucket) => bucket.secondsUntilFree(nowMs)));
    if (seconds > 0) throw tooMany(Math.ceil(seconds));
    for (const bucket of buckets) bucket.take(nowMs);
    remember(this.asked, name, source);
  }

  noteAccepted(key: KeyProof): void {
    const nowMs = this.nowMs();
    const name = nameOf(key);
    this.noteNeither(key);
    // Every request comes here, and most have nothing to add.
    if (isYoung(this.acceptedAtMs.get(name), nowMs, acceptedForMs / 2)) return;
    remember(this.acceptedAtMs, name, nowMs);
  }

  noteRefused(key: KeyProof, source: string): void {
    const nowMs = this.nowMs();
    const name = nameOf(key);
    // The first refusal of a key that was good is not remembered: a statement of its request may have caused it.
    if (!this.acceptedAtMs.delete(name)) remember(this.refusedAtMs, name, nowMs);
    this.noteRefusedBeside(key, source);
  }

  /** Notes that the key or what was sent beside it was refused: that counts, but the key may be good. */
  noteRefusedBeside(key: KeyProof, source: string): void {
    const nowMs = this.nowMs();
    // What the ask has counted stays counted.
    if (this.asked.delete(nameOf(key))) return;
    for (const bucket of this.bucketsOf(source, nowMs)) bucket.take(nowMs);
  }

  /** Notes that the answer says nothing about the key. */
  noteNeither(key: KeyProof): void {
    const source = this.asked.get(nameOf(key));
    if (source === undefined) return;
    this.asked.delete(nameOf(key));
    for (const bucket of this.bucketsOf(source, this.nowMs())) bucket.giveBack();
  }

  private bucketsOf(source: string, nowMs: number): readonly Bucket[] {
    const bucket = this.sources.get(source) ?? new Bucket(this.perSource, nowMs);
    remember(this.sources, source, bucket);
    return [bucket, this.overall];
  }

  /** Begins again with nothing remembered, as a new process does. */
  forget(): void {
    for (const remembered of [this.refusedAtMs, this.acceptedAtMs, this.sources, this.asked])
      remembered.clear();
    this.overall = new Bucket(this.overallAllowance, this.nowMs());
  }
}

/** A number of refusals that grows again with time. */
class Bucket {
  private readonly allowance: Allowance;
  private left: number;
  private countedAtMs: number;

  constructor(allowance: Allowance, nowMs: number) {
    this.allowance = allowance;
    this.left = allowance.atOnce;
    this.countedAtMs = nowMs;
  }

  take(nowMs: number): void {
    this.refill(nowMs);
    // Never less than none: a source would pay for a flood longer than the flood lasts.
    this.left = Math.max(0, this.left - 1);
  }

  giveBack(): void {
    this.left = Math.min(this.allowance.atOnce, this.left + 1);
  }

  secondsUntilFree(nowMs: number): number {
    this.refill(nowMs);
    return this.left >= 1 ? 0 : (1 - this.left) / this.allowance.perSecond;
  }

  private refill(nowMs: number): void {
    const { atOnce, perSecond } = this.allowance;
    this.left = Math.min(atOnce, this.left + ((nowMs - this.countedAtMs) / 1000) * perSecond);
    this.countedAtMs = nowMs;
  }
}

/** Those of the process, whichever of its endpoints they asked. */
export const refusedKeysOfProcess = new RefusedKeys();

function nameOf({ keyId, secretDigest }: KeyProof): string {
  return `${keyId}:${secretDigest.toString('base64')}`;
}

function isYoung(atMs: number | undefined, nowMs: number, forMs: number): boolean {
  return atMs !== undefined && nowMs - atMs < forMs;
}

/** Sets it last in the order of insertion, and forgets the one that was set longest ago. */
function remember<Value>(map: Map<string, Value>, name: string, value: Value): void {
  map.delete(name);
  map.set(name, value);
  if (map.size <= maxRemembered) return;
  const [oldest] = map.keys();
  if (oldest !== undefined) map.delete(oldest);
}

function invalid(): Unauthenticated {
  return new Unauthenticated('invalid_credentials', 'The credential is not valid.');
}

function tooMany(retryAfterSeconds: number): Problem {
  return new Problem('too_many_requests', 429, 'Too many credentials were not valid: try again later.', {
    retryAfterSeconds,
  });
}

/** How often a process tells the database that a key is in use; the database keeps no more than one note a minute. */
const intervalMs = 60_000;
/** Keys remembered at once. Forgetting one costs a note too many, nothing else. */
const maxRemembered = 10_000;

/** Remembers which keys this process has told the database about lately. */
export class KeyUse {
  private readonly notedAtMs = new Map<string, number>();
  private readonly nowMs: () => number;

  constructor(nowMs: () => number = Date.now) {
    this.nowMs = nowMs;
  }

  /** Whether the use of a key is due to be noted; it counts as noted from then on. */
  isDue(keyId: string): boolean {
    const nowMs = this.nowMs();
    const notedAtMs = this.notedAtMs.get(keyId);
    if (notedAtMs !== undefined && nowMs - notedAtMs < intervalMs) return false;
    // Last in the order of insertion, so that the first is the one noted longest ago.
    this.notedAtMs.delete(keyId);
    this.notedAtMs.set(keyId, nowMs);
    if (this.notedAtMs.size > maxRemembered) {
      const [oldest] = this.notedAtMs.keys();
      if (oldest !== undefined) this.notedAtMs.delete(oldest);
    }
    return true;
  }
}

/** How often a process notes in the database that a key is in use. The database keeps at most one note a minute. */
const intervalMs = 60_000;
/** Keys remembered at once. A forgotten key costs only an extra note. */
const maxRemembered = 10_000;

/** Remembers which keys this process has noted in the database lately. */
export class KeyUse {
  private readonly notedAtMs = new Map<string, number>();
  private readonly nowMs: () => number;

  constructor(nowMs: () => number = Date.now) {
    this.nowMs = nowMs;
  }

  /** Whether the use of a key should be noted now. It counts as noted from then on. */
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

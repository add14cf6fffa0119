/** What tells the time and wakes at one: tests drive it by hand. */
export interface Clock {
  now(): Date;
  /** Calls back at a time. Returns what cancels it. */
  at(time: Date, callBack: () => void): () => void;
}

/** The clock of this machine. What waits for it keeps no process alive. */
export const systemClock: Clock = {
  now: () => new Date(),
  at(time, callBack) {
    const timer = setTimeout(callBack, Math.max(0, time.getTime() - Date.now())).unref();
    return () => clearTimeout(timer);
  },
};

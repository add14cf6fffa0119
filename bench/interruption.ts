/** What must not remain of an interrupted run: servers, processes, folders. The last one opened is closed first. */
const open: (() => Promise<unknown>)[] = [];

/** Registers what must be closed, also when the run is interrupted. Returns a `close` that works once. */
export function closing(close: () => Promise<unknown>): () => Promise<void> {
  let closed: Promise<unknown> | undefined;
  const once = () => {
    closed ??= close().finally(() => open.splice(open.indexOf(once), 1));
    return closed;
  };
  open.push(once);
  return async () => void (await once());
}

/** Waits for the work. When the signal is aborted, closes everything that is open and throws the reason of the signal. */
export async function untilAborted<T>(signal: AbortSignal, work: Promise<T>): Promise<T> {
  const interrupted = aborted(signal);
  // The work fails first, when its server ends: that failure is the interruption's.
  const unlessAborted = work.catch((error) => (signal.aborted ? interrupted : Promise.reject(error)));
  return await Promise.race([unlessAborted, interrupted]);
}

async function aborted(signal: AbortSignal): Promise<never> {
  if (!signal.aborted)
    await new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }));
  // The servers end under their sessions: what those report now is not a fault.
  process.on('uncaughtException', () => {});
  for (let close = open.at(-1); close; close = open.at(-1)) await close().catch(() => {});
  throw signal.reason;
}

/** The exit code of a command that was interrupted, as shells have it for Ctrl-C. */
export const interruptedExitCode = 130;

/**
 * A Ctrl-C at a terminal reaches a command twice: from the terminal, and forwarded by npm.
 * Signals this close together are one wish.
 */
const sameKeyPressMs = 300;

/**
 * Turns Ctrl-C (SIGINT) and SIGTERM into an AbortSignal, so that a command can finish the step at work.
 * A second one, later, ends the process at once.
 */
export function listenForStop(onStop: () => void): { readonly signal: AbortSignal; stopListening(): void } {
  const controller = new AbortController();
  let firstAtMs: number | undefined;
  const listener = () => {
    if (firstAtMs === undefined) {
      firstAtMs = performance.now();
      onStop();
      controller.abort();
    } else if (performance.now() - firstAtMs > sameKeyPressMs) {
      process.exit(interruptedExitCode);
    }
  };
  process.on('SIGINT', listener);
  process.on('SIGTERM', listener);
  return {
    signal: controller.signal,
    stopListening: () => {
      process.off('SIGINT', listener);
      process.off('SIGTERM', listener);
    },
  };
}

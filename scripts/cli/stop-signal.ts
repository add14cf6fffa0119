/** The exit code of an interrupted command: the one that shells use for Ctrl-C. */
export const interruptedExitCode = 130;

/**
 * One Ctrl-C at a terminal reaches a command twice: from the terminal, and forwarded by npm.
 * Signals this close together count as one.
 */
const sameKeyPressMs = 300;

/**
 * Turns Ctrl-C (SIGINT) and SIGTERM into an AbortSignal, so that a command can finish its current step.
 * A second signal, later, ends the process at once.
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

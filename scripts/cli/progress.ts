import { SingleBar } from 'cli-progress';

/** Shows the progress of a long command. */
export interface Progress {
  /** Starts to show `done` of `total` things, such as `movements`. */
  start(total: number, things: string): void;
  /** Reports how many are done, the new total when it has changed, and how long the rest takes when that was measured. */
  update(done: number, total?: number, leftMs?: number): void;
  /** Makes room for a line of text that something else is about to write: the bar continues below it. */
  clear(): void;
  stop(): void;
}

/** To the first column, and delete what stands there. */
const clearLine = '\r\u001b[K';

const quietLineEveryMs = 10_000;

/**
 * On a terminal, a bar with speed and remaining time. Elsewhere (a log, a pipe), one line every ten seconds.
 * Always on stderr: stdout is for the result.
 */
export function createProgress(stream: NodeJS.WriteStream = process.stderr): Progress {
  return stream.isTTY ? terminalProgress(stream) : lineProgress(stream);
}

/** Shows nothing: for `--json`. */
export const silentProgress: Progress = { start() {}, update() {}, clear() {}, stop() {} };

function terminalProgress(stream: NodeJS.WriteStream): Progress {
  const bar = new SingleBar({
    format: '{bar} {percentage}% | {value} of {total} {things} | {rate} a second | {eta_formatted} left',
    stream,
    hideCursor: true,
    // A line of text may have taken its place.
    forceRedraw: true,
    // On a signal the command ends by itself, after its current step. The bar must not end it earlier.
    gracefulExit: false,
  });
  let startedMs = 0;
  return {
    start: (total, things) => {
      startedMs = performance.now();
      bar.start(total, 0, { things, rate: 0 });
    },
    update: (done, total) => {
      if (total !== undefined) bar.setTotal(total);
      bar.update(done, { rate: Math.round((done / (performance.now() - startedMs)) * 1_000) });
    },
    clear: () => {
      if (bar.isActive) stream.write(clearLine);
    },
    stop: () => bar.stop(),
  };
}

function lineProgress(stream: NodeJS.WriteStream): Progress {
  let totalNow = 0;
  let thingsNow = '';
  let lastLineMs = 0;
  return {
    start: (total, things) => {
      totalNow = total;
      thingsNow = things;
      lastLineMs = performance.now();
    },
    update: (done, total = totalNow, leftMs = undefined) => {
      totalNow = total;
      if (performance.now() - lastLineMs < quietLineEveryMs) return;
      lastLineMs = performance.now();
      const left = leftMs === undefined ? '' : `, about ${Math.ceil(leftMs / 1_000)} s left`;
      stream.write(`${done} of ${totalNow} ${thingsNow}${left}\n`);
    },
    clear: () => {},
    stop: () => {},
  };
}

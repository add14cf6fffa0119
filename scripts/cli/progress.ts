import { SingleBar } from 'cli-progress';

/** Shows how far a long command has come. */
export interface Progress {
  /** Starts to show `done` of `total` things, such as `movements`. */
  start(total: number, things: string): void;
  /** Says how many are done by now, and the new total when it turned out to be another. */
  update(done: number, total?: number): void;
  stop(): void;
}

const quietLineEveryMs = 10_000;

/**
 * A bar with speed and remaining time on a terminal. Elsewhere (a log, a pipe) one line every ten seconds.
 * Always on stderr: stdout belongs to the result.
 */
export function createProgress(stream: NodeJS.WriteStream = process.stderr): Progress {
  return stream.isTTY ? terminalProgress(stream) : lineProgress(stream);
}

/** Shows nothing: for `--json`. */
export const silentProgress: Progress = { start() {}, update() {}, stop() {} };

function terminalProgress(stream: NodeJS.WriteStream): Progress {
  const bar = new SingleBar({
    format: '{bar} {percentage}% | {value} of {total} {things} | {rate} a second | {eta_formatted} left',
    stream,
    hideCursor: true,
    // The command itself ends on a signal, after its step; the bar must not end it before.
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
    update: (done, total = totalNow) => {
      totalNow = total;
      if (performance.now() - lastLineMs < quietLineEveryMs) return;
      lastLineMs = performance.now();
      stream.write(`${done} of ${totalNow} ${thingsNow}\n`);
    },
    stop: () => {},
  };
}

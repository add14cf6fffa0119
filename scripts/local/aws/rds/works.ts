import { setTimeout as delay } from 'node:timers/promises';
import { complain } from './complain.ts';

/** Work that continues after the answer: one piece at a time for each subject. */
export interface Works {
  /** Starts work for a subject, behind what is under way for it. */
  start(subject: string, work: (underWay: UnderWay) => Promise<void>): void;
  /** Ends what is under way for a subject, and waits until it has ended. */
  cancel(subject: string): Promise<void>;
  /** Settles when nobody reads a snapshot's folder any more. */
  unread(folder: string): Promise<void>;
  /** Settles when nothing is under way any more. */
  settled(): Promise<void>;
  /** Ends all of it. What does not end soon is left to the end of the process. */
  close(): Promise<void>;
}

export interface UnderWay {
  /** Aborted when the work is to end. */
  readonly signal: AbortSignal;
  /** Says that the files of a snapshot must stay until the work is done. */
  read(folder: string): void;
}

interface Work {
  readonly subject: string;
  readonly reads: Set<string>;
  readonly controller: AbortController;
  readonly done: Promise<void>;
}

const closePatienceMs = 10_000;

export function createWorks(): Works {
  const underWay = new Set<Work>();
  let isClosed = false;

  async function waitFor(wanted: (work: Work) => boolean): Promise<void> {
    for (;;) {
      const left = [...underWay].filter(wanted);
      if (left.length === 0) return;
      await Promise.all(left.map(({ done }) => done));
    }
  }

  return {
    start(subject, run) {
      if (isClosed) return;
      const controller = new AbortController();
      const { signal } = controller;
      const reads = new Set<string>();
      const before = [...underWay].filter((work) => work.subject === subject).map(({ done }) => done);
      const running = Promise.all(before).then(() => {
        if (!signal.aborted) return run({ signal, read: (folder) => reads.add(folder) });
      });
      const done = running
        .catch((error) => {
          if (!signal.aborted) complain(subject, error);
        })
        .finally(() => underWay.delete(work));
      const work: Work = { subject, reads, controller, done };
      underWay.add(work);
    },
    async cancel(subject) {
      for (const work of underWay) if (work.subject === subject) work.controller.abort();
      await waitFor((work) => work.subject === subject);
    },
    unread: (folder) => waitFor((work) => work.reads.has(folder)),
    settled: () => waitFor(() => true),
    async close() {
      isClosed = true;
      for (const { controller } of underWay) controller.abort();
      await Promise.race([waitFor(() => true), delay(closePatienceMs, undefined, { ref: false })]);
    },
  };
}

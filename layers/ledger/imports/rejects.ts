import type { CsvRecord } from './csv/csv-reader.ts';

/** A line that was not applied: its number, the reason, and its content. */
export interface Reject {
  readonly line: number;
  readonly reason: string;
  readonly record: CsvRecord;
}

/** Receives rejects, in the order of the file. */
export type RejectSink = (reject: Reject) => Promise<void>;

/** Puts rejects in the order of the file. Some are known when a line is read, others after its batch was applied. */
export class OrderedRejects {
  private readonly sink: RejectSink;
  private waiting: Reject[] = [];
  count = 0;

  constructor(sink: RejectSink) {
    this.sink = sink;
  }

  add(reject: Reject): void {
    this.waiting.push(reject);
    this.count += 1;
  }

  /** Writes the rejects before a line. No reject before that line may be added afterwards. */
  async flushBefore(line: number): Promise<void> {
    const ready = this.waiting.filter((reject) => reject.line < line);
    this.waiting = this.waiting.filter((reject) => reject.line >= line);
    ready.sort((a, b) => a.line - b.line);
    for (const reject of ready) await this.sink(reject);
  }
}

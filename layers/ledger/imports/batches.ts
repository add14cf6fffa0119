import type { ImportLine } from './lines/import-line.ts';
import type { ImportKind } from './lines/profile.ts';

/** The lines of one organization that become one entry. */
export interface ImportEntry {
  readonly kind: ImportKind;
  readonly reference: string | null;
  readonly time: string | null;
  readonly lines: ImportLine[];
}

/** The work of one transaction: whole entries of one organization, in the order of the file. */
export interface ImportBatch<Organization> {
  readonly organization: Organization;
  readonly entries: readonly ImportEntry[];
  readonly lineCount: number;
}

/** The API accepts no more lines in an entry. */
const maxEntryLines = 1_000;

interface Held<Organization> {
  readonly organization: Organization;
  entries: ImportEntry[];
  lineCount: number;
  /** The entry that the next line may still join, and its window. */
  open: ImportEntry | undefined;
  openedInWindow: number;
}

/**
 * Collects lines into entries and entries into batches.
 *
 * Consecutive lines of an organization with the same reference, kind and time form one entry. A line without a
 * reference is its own entry: it belongs to no other line, and if it is refused, no other line should be refused too.
 *
 * Only the file decides which lines form an entry, never the size of a batch or the time of the import. Windows limit
 * the memory: at the end of a window, all entries leave except those that began in it. So at most two windows of the
 * file are held.
 */
export class Batches<Organization> {
  private readonly held = new Map<Organization, Held<Organization>>();
  private readonly batchLines: number;
  private window = 0;

  constructor(batchLines: number) {
    this.batchLines = batchLines;
  }

  /** Adds a line, and returns the organization's batch when it is full. */
  add(organization: Organization, line: ImportLine): ImportBatch<Organization> | undefined {
    const held = this.heldOf(organization);
    const { open } = held;
    if (open && belongsTo(open, line)) {
      open.lines.push(line);
      held.lineCount += 1;
      return undefined;
    }
    const full = held.lineCount >= this.batchLines ? this.take(held) : undefined;
    const { kind, reference, time } = line;
    held.open = { kind, reference, time, lines: [line] };
    held.openedInWindow = this.window;
    held.entries.push(held.open);
    held.lineCount += 1;
    return full;
  }

  /** Ends a window: returns everything except the entries that began in it and may continue. */
  endWindow(): ImportBatch<Organization>[] {
    const batches = [...this.held.values()].map((held) => {
      const staying = held.open && held.openedInWindow === this.window ? held.open : undefined;
      if (staying) held.entries.pop();
      held.lineCount -= staying?.lines.length ?? 0;
      const batch = this.take(held);
      if (staying) {
        held.entries = [staying];
        held.lineCount = staying.lines.length;
        held.open = staying;
      } else {
        this.held.delete(held.organization);
      }
      return batch;
    });
    this.window += 1;
    return batches.filter(({ lineCount }) => lineCount > 0);
  }

  /** Returns all remaining batches. */
  end(): ImportBatch<Organization>[] {
    return [...this.held.values()].map((held) => this.take(held)).filter(({ lineCount }) => lineCount > 0);
  }

  /** The number of the first line that is still held. Infinity when no line is held. */
  firstHeldLine(): number {
    let first = Number.POSITIVE_INFINITY;
    for (const { entries } of this.held.values()) {
      first = Math.min(first, entries[0]?.lines[0]?.line ?? first);
    }
    return first;
  }

  private heldOf(organization: Organization): Held<Organization> {
    let held = this.held.get(organization);
    if (!held) {
      held = { organization, entries: [], lineCount: 0, open: undefined, openedInWindow: this.window };
      this.held.set(organization, held);
    }
    return held;
  }

  private take(held: Held<Organization>): ImportBatch<Organization> {
    const { organization, entries, lineCount } = held;
    held.entries = [];
    held.lineCount = 0;
    held.open = undefined;
    return { organization, entries, lineCount };
  }
}

function belongsTo(entry: ImportEntry, line: ImportLine): boolean {
  return (
    line.reference !== null &&
    line.reference === entry.reference &&
    line.kind === entry.kind &&
    line.time === entry.time &&
    entry.lines.length < maxEntryLines
  );
}

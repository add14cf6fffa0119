import { createHash } from 'node:crypto';
import { basename } from 'node:path';

/** One small fault: a change of the text of one file. Offsets count UTF-16 units, as in JavaScript strings. */
export interface Mutant {
  /** Stays the same when the file moves to another folder or gets more lines above the fault. */
  readonly id: string;
  /** Relative to the root of the checkout. */
  readonly file: string;
  readonly line: number;
  readonly kind: string;
  readonly start: number;
  readonly end: number;
  readonly original: string;
  readonly replacement: string;
  /** The fault is reached when this expression is evaluated. Undefined for SQL. */
  readonly reached: { readonly start: number; readonly end: number } | undefined;
}

/** A change without a name. */
export type Change = Pick<Mutant, 'kind' | 'start' | 'end' | 'replacement' | 'reached'>;

/** Names the changes of one file. Equal changes on equal lines get different numbers. */
export function nameMutants(file: string, text: string, changes: readonly Change[]): Mutant[] {
  const seen = new Map<string, number>();
  return changes.map((change) => {
    const original = text.slice(change.start, change.end);
    const looks = [
      basename(file),
      change.kind,
      lineAround(text, change.start),
      original,
      change.replacement,
    ].join('\n');
    const nth = seen.get(looks) ?? 0;
    seen.set(looks, nth + 1);
    const id = createHash('sha256').update(`${looks}\n${nth}`).digest('hex').slice(0, 10);
    const line = text.slice(0, change.start).split('\n').length;
    return { ...change, id, file, line, original };
  });
}

/** The text with the fault in it. */
export function withMutant(text: string, { start, end, replacement }: Mutant): string {
  return text.slice(0, start) + replacement + text.slice(end);
}

function lineAround(text: string, at: number): string {
  const end = text.indexOf('\n', at);
  return text.slice(text.lastIndexOf('\n', at - 1) + 1, end === -1 ? undefined : end).trim();
}

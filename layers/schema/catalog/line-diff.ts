import { diff } from 'node:util';

const contextLines = 3;

/** The difference between two texts, as lines with `-`, `+` or a blank in front, with some context. Empty when they are equal. */
export function lineDiff(from: string, to: string): string {
  // util.diff marks lines of only its first argument with 1, and lines of only its second with -1.
  const edits = diff(from.split('\n'), to.split('\n'));
  const isNear = (index: number) =>
    edits.slice(Math.max(0, index - contextLines), index + contextLines + 1).some(([kind]) => kind !== 0);
  let skipped = false;
  return edits
    .flatMap(([kind, line], index) => {
      if (!isNear(index)) {
        skipped = true;
        return [];
      }
      const gap = skipped ? ['…'] : [];
      skipped = false;
      return [...gap, `${kind === 0 ? ' ' : kind > 0 ? '-' : '+'} ${line}`];
    })
    .join('\n');
}

import { diff } from 'node:util';

const contextLines = 3;

/** What changed from one text to another, as lines with `-`, `+` or a blank in front and some context; '' for nothing. */
export function lineDiff(from: string, to: string): string {
  // util.diff marks what only its first argument has with 1, what only its second has with -1.
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

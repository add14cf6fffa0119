import type { ReturnPoint } from '#recovery/contract-interlock.ts';

/** The return point, for people. */
export function returnPointText({ migration, source, at, until }: ReturnPoint): string {
  return [
    `Only a backup can undo ${migration}. The point in time to return to (the evidence bucket records it):`,
    `  npm run restore -- --at ${at.toISOString()} --to NAME`,
    `You can restore ${source} to that time as soon as its log is shipped, in some minutes, until ${until.toISOString()}.`,
  ].join('\n');
}

/** A leaf as a page of a seal holds it. */
export interface Leaf {
  readonly entryId: string;
  readonly line: number;
  readonly hash: Buffer;
}

/** Leaves of a page, but for the last page of a seal. */
export const pageLeaves = 1_024;
const leafBytes = 52;

/** Reads the leaves of a page: 16 bytes of entry id, 4 of line, 32 of hash each. */
export function readLeaves(page: Buffer): Leaf[] {
  return Array.from({ length: Math.floor(page.length / leafBytes) }, (_, index) => {
    const leaf = page.subarray(index * leafBytes, (index + 1) * leafBytes);
    return { entryId: uuidOf(leaf), line: leaf.readInt32BE(16), hash: leaf.subarray(20) };
  });
}

/** The order of leaves: by entry, then by line. Negative, zero or positive as in `sort()`. */
export function compareLeaves(
  a: { readonly entryId: string; readonly line: number },
  b: { readonly entryId: string; readonly line: number },
): number {
  if (a.entryId !== b.entryId) return a.entryId < b.entryId ? -1 : 1;
  return a.line - b.line;
}

function uuidOf(bytes: Buffer): string {
  return bytes.toString('hex', 0, 16).replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
}

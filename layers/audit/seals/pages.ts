/** A leaf, as a page of a seal contains it. */
export interface Leaf {
  readonly entryId: string;
  readonly line: number;
  readonly hash: Buffer;
}

/** The number of leaves in a page. The last page of a seal may have fewer. */
export const pageLeaves = 1_024;
const leafBytes = 52;

/** Reads the leaves of a page. Each has 16 bytes of entry id, 4 bytes of line and 32 bytes of hash. */
export function readLeaves(page: Buffer): Leaf[] {
  return Array.from({ length: Math.floor(page.length / leafBytes) }, (_, index) => {
    const leaf = page.subarray(index * leafBytes, (index + 1) * leafBytes);
    return { entryId: uuidOf(leaf), line: leaf.readInt32BE(16), hash: leaf.subarray(20) };
  });
}

/** The order of leaves: by entry, then by line. Returns a negative number, zero or a positive number, as for `sort()`. */
export function compareLeaves(
  a: { readonly entryId: string; readonly line: number },
  b: { readonly entryId: string; readonly line: number },
): number {
  if (a.entryId !== b.entryId) return a.entryId < b.entryId ? -1 : 1;
  return a.line - b.line;
}

/** The id that 16 bytes are. */
export function uuidOf(bytes: Buffer = Buffer.of()): string {
  return bytes.toString('hex', 0, 16).replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
}

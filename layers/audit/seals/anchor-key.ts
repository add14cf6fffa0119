/** The prefix of all anchors of all organizations. */
export const anchorsRoot = 'seals/';

/** The key of a seal's anchor. Twelve digits keep the keys in the order of the seals. */
export function anchorKey(orgId: string, seq: number): string {
  return `${anchorPrefix(orgId)}${String(seq).padStart(12, '0')}.json`;
}

export function anchorPrefix(orgId: string): string {
  return `${anchorsRoot}${orgId}/`;
}

/** Under which the anchors of every organization are. */
export const anchorsRoot = 'seals/';

/** Under which key a seal is written down. Twelve digits keep the keys in the order of the seals. */
export function anchorKey(orgId: string, seq: number): string {
  return `${anchorPrefix(orgId)}${String(seq).padStart(12, '0')}.json`;
}

export function anchorPrefix(orgId: string): string {
  return `${anchorsRoot}${orgId}/`;
}

/** Codes, references and keys that both organizations use, so that a missing condition confuses them. */
export const shared = {
  skus: ['BOLT', 'NUT', 'MILK', 'CHEESE'],
  locations: ['MAIN', 'SHOP'],
  references: ['PO-1', 'PO-2'],
  idempotencyKeys: ['key-1', 'key-2', 'key-3'],
  lot: 'L1',
  /** An item and a location that nothing was posted to, so that they can be deleted. */
  unmoved: 'SPARE',
} as const;

/** Codes and references that only the other organization has. */
export const theirOwn = { skus: ['THEIRS-1'], locations: ['THEIRS'], reference: 'THEIRS-PO' } as const;

/** The times in requests. Every other time in an answer comes from the clock. */
export const sentTimes = [
  '1990-01-01T00:00:00.000Z',
  '2026-01-02T03:04:05.678Z',
  '2100-01-01T00:00:00.000Z',
] as const;

/** The lock modes of a table, weakest first: `lock table … in … mode`. */
export const lockModes = [
  'ACCESS SHARE',
  'ROW SHARE',
  'ROW EXCLUSIVE',
  'SHARE UPDATE EXCLUSIVE',
  'SHARE',
  'SHARE ROW EXCLUSIVE',
  'EXCLUSIVE',
  'ACCESS EXCLUSIVE',
] as const;

export type LockMode = (typeof lockModes)[number];

/** 1 for the weakest to 8 for the strongest, as Postgres counts them. */
export function strengthOf(mode: LockMode): number {
  return lockModes.indexOf(mode) + 1;
}

/** The mode that Postgres counts as `strength`. */
export function modeOfStrength(strength: number): LockMode {
  const mode = lockModes[strength - 1];
  if (!mode) throw new RangeError(`no lock mode has the strength ${strength}`);
  return mode;
}

/** Whether an INSERT, UPDATE or DELETE of somebody else waits for it. */
export function blocksWrites(mode: LockMode): boolean {
  return strengthOf(mode) >= strengthOf('SHARE');
}

/** Whether even a SELECT waits for it. */
export function blocksReads(mode: LockMode): boolean {
  return mode === 'ACCESS EXCLUSIVE';
}

/** The stronger of two. */
export function stronger(one: LockMode, other: LockMode): LockMode {
  return strengthOf(one) >= strengthOf(other) ? one : other;
}

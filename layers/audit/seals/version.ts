import type { Seal } from './seal.ts';

/**
 * The versions of the bytes that a seal is the hash of (docs/SEALS.md), the oldest first. Seals are made in the last one,
 * and each is verified as its own version defines it.
 */
const sealVersions: readonly number[] = [1, 2];

/** What the seals of a version do not cover, although answers show it. */
const notCovered: Readonly<Record<number, readonly string[]>> = {
  1: [
    'the times of an entry (occurredAt and recordedAt), which are stored apart from those of its movements',
    'the number of entries: an entry without movements can have been removed',
  ],
};

/** The seals of an older version, and what they do not cover. */
export interface OlderSeals {
  readonly version: number;
  readonly seals: number;
  /** The last of them. */
  readonly throughSeal: number;
  readonly notCovered: readonly string[];
}

/** What these seals do not cover, by their version. Empty when all have the newest version. */
export function olderSeals(seals: readonly Pick<Seal, 'version' | 'seq'>[]): OlderSeals[] {
  return Object.entries(notCovered).flatMap(([key, texts]) => {
    const version = Number(key);
    const older = seals.filter((seal) => seal.version === version);
    const last = older.at(-1);
    return last ? [{ version, seals: older.length, throughSeal: last.seq, notCovered: texts }] : [];
  });
}

/** Why no seal may have this version after the seal before it. Undefined when it may. */
export function versionFault(
  previous: Pick<Seal, 'version' | 'seq'> | undefined,
  { version, seq }: Pick<Seal, 'version' | 'seq'>,
): string | undefined {
  if (!sealVersions.includes(version))
    return `seal ${seq} has version ${version}, which does not exist: there are versions ${sealVersions.join(' and ')}`;
  // Somebody could seal an altered history in a version that covers less.
  if (previous && version < previous.version)
    return `seal ${seq} has version ${version}, but seal ${previous.seq} before it has version ${previous.version}: nobody seals in an older version again`;
  return undefined;
}

import type { LeafValues } from './leaf.ts';
import { uuidOf } from './pages.ts';

const lineFeed = 0x0a;

/**
 * The bytes of a leaf of version 1, from the values of a leaf: ids, line and times, then texts in lines. Only the reference
 * and the actor have their length before them. Undefined when another text has a line feed: such a leaf could stand for a
 * different movement too.
 */
export function leafBytesOfVersion1(values: LeafValues): Buffer | undefined {
  const [entryId, line, itemId, locationId, occurredAt, recordedAt, _entryOccurredAt, _entryRecordedAt] =
    values;
  const [quantity, lot, kind, reference, actor, reverses, metadata] = values.slice(8);
  if (!entryId || !line || !itemId || !locationId || !occurredAt || !recordedAt) return undefined;
  if (!quantity || !lot || !kind || !actor || !metadata) return undefined;
  if ([quantity, lot, kind, metadata].some((text) => text.includes(lineFeed))) return undefined;
  const lines = [
    quantity,
    kind,
    lot,
    Buffer.from(reverses ? uuidOf(Buffer.from(reverses)) : ''),
    Buffer.from(reference ? String(reference.length) : ''),
    reference ?? Buffer.of(),
    Buffer.from(String(actor.length)),
    actor,
    metadata,
  ];
  const text = lines.flatMap((part) => [Buffer.of(lineFeed), part]).slice(1);
  return Buffer.concat([entryId, line, itemId, locationId, occurredAt, recordedAt, ...text]);
}

/** The name of a WAL segment: timeline, then position, each in hexadecimal. Names of one timeline sort by position. */
export type Segment = string;

const segmentName = /^[\dA-F]{24}$/;

export function isSegment(name: string): boolean {
  return segmentName.test(name);
}

/** The segment that follows on the same timeline; `segmentBytes` is the server's `wal_segment_size`. */
export function segmentAfter(segment: Segment, segmentBytes: number): Segment {
  const perLog = 0x1_0000_0000 / segmentBytes;
  const timeline = segment.slice(0, 8);
  const log = Number.parseInt(segment.slice(8, 16), 16);
  const next = Number.parseInt(segment.slice(16), 16) + 1;
  return next < perLog ? timeline + hex(log) + hex(next) : timeline + hex(log + 1) + hex(0);
}

/** The last segment of an unbroken run that begins with `first`; undefined when not even that one is there. */
export function endOfRun(
  first: Segment,
  there: ReadonlySet<Segment>,
  segmentBytes: number,
): Segment | undefined {
  let last: Segment | undefined;
  for (let each = first; there.has(each); each = segmentAfter(each, segmentBytes)) last = each;
  return last;
}

function hex(value: number): string {
  return value.toString(16).toUpperCase().padStart(8, '0');
}

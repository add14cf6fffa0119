import { hash } from 'node:crypto';
import { leafFields } from '../leaf.ts';

const minus = 0x2d;
const point = 0x2e;
const zero = 0x30;

/** The lengths of the fields that every movement has and that always have the same length, from the first on. */
const fixedBytes: readonly number[] = [16, 4, 16, 16, 8, 8, 8, 8];
/** Before each value: its type and its length. */
const headBytes = 8;
/** Where the values of these fields are, from the prefix of the leaf and the number of fields on. */
const entryAt = 5 + headBytes;
const lineAt = entryAt + 16 + headBytes;
const itemAt = lineAt + 4 + headBytes;
const locationAt = itemAt + 16 + headBytes;
const quantityField = leafFields.findIndex(([name]) => name === 'quantity');
const lotField = leafFields.findIndex(([name]) => name === 'lot');
const mayBeNull: readonly boolean[] = leafFields.map(([name]) => name === 'reference' || name === 'reverses');

/**
 * The bytes that the leaf of a movement is the hash of (docs/SEALS.md), built from a row that Postgres sends in binary: its
 * values are the same bytes in the leaf. One instance is reused for all rows.
 */
export class LeafBytes {
  private bytes = Buffer.alloc(4_096);
  private length = 0;
  private quantityStart = 0;
  private quantityEnd = 0;
  private lotStart = 0;
  private lotEnd = 0;

  constructor() {
    this.writeHead();
  }

  /** Reads a row of the fields of a leaf. Returns false when a field is missing that every movement has. */
  read(row: Buffer, start: number): boolean {
    this.makeRoom(row.length);
    let from = start + 2;
    let to = 5;
    for (const [field, [, type]] of leafFields.entries()) {
      const bytes = row.readInt32BE(from);
      if (bytes < 0 ? !mayBeNull[field] : bytes !== (fixedBytes[field] ?? bytes)) return false;
      to = this.bytes.writeInt32BE(type, to);
      // The length is copied with the value. Copying so few bytes is faster than a function call.
      const end = from + 4 + Math.max(bytes, 0);
      if (field === quantityField) [this.quantityStart, this.quantityEnd] = [to + 4, to + end - from];
      if (field === lotField) [this.lotStart, this.lotEnd] = [to + 4, to + end - from];
      while (from < end) this.bytes[to++] = row[from++] ?? 0;
    }
    this.length = to;
    return true;
  }

  /** The hash of the leaf, in Latin-1. */
  hash(): string {
    return hash('sha256', this.bytes.subarray(0, this.length), 'binary');
  }

  /** Writes entry and line, the key of a leaf in its page. */
  writeId(page: Buffer, at: number): void {
    for (let index = 0; index < 16; index += 1) page[at + index] = this.bytes[entryAt + index] ?? 0;
    for (let index = 0; index < 4; index += 1) page[at + 16 + index] = this.bytes[lineAt + index] ?? 0;
  }

  /** Whether the entry is another one than that of the leaf in the page. */
  isOfAnotherEntry(page: Buffer, at: number): boolean {
    return this.bytes.compare(page, at, at + 16, entryAt, entryAt + 16) !== 0;
  }

  /** The balance of the movement: 16 bytes of item, 16 of location, and the lot, in Latin-1. */
  key(): string {
    const place =
      this.bytes.toString('latin1', itemAt, itemAt + 16) +
      this.bytes.toString('latin1', locationAt, locationAt + 16);
    return this.lotStart === this.lotEnd
      ? place
      : place + this.bytes.toString('latin1', this.lotStart, this.lotEnd);
  }

  /** The quantity without its decimal point. NaN when it is not a number with four decimals. */
  tenThousandths(): number {
    const isNegative = this.bytes[this.quantityStart] === minus;
    let value = 0;
    for (let at = this.quantityStart + Number(isNegative); at < this.quantityEnd; at += 1) {
      const byte = this.bytes[at] ?? 0;
      if (byte === point && at === this.quantityEnd - 5) continue;
      if (byte < zero || byte > zero + 9) return Number.NaN;
      value = value * 10 + byte - zero;
    }
    return isNegative ? -value : value;
  }

  /** A leaf is longer than its row only by its prefix, the number of fields, and their types. */
  private makeRoom(rowBytes: number): void {
    if (this.bytes.length >= rowBytes + 128) return;
    this.bytes = Buffer.alloc(2 * rowBytes + 128);
    this.writeHead();
  }

  private writeHead(): void {
    this.bytes.writeInt32BE(leafFields.length, 1);
  }
}

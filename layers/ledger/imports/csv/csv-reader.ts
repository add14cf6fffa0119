import { isUtf8 } from 'node:buffer';

/** One record of a CSV file. */
export interface CsvRecord {
  /** The line of the file where the record starts, from 1. */
  readonly line: number;
  readonly fields: readonly string[];
  /** The length of the record in the file, in bytes. */
  readonly bytes: number;
  /** Why the record cannot be read. `fields` then contains its bytes, one character for each byte. */
  readonly fault?: string;
}

/** What the reader found at a position: a record or a blank line, where the next one starts, and how many lines it takes. */
interface ReadRecord {
  readonly record?: CsvRecord;
  readonly next: number;
  readonly lines?: number;
}

/** A longer record is a mistake: a quote was left open, or the file is not CSV. */
const maxRecordBytes = 1_048_576;
/** This much of an unreadable line is kept to show it. */
const maxShownBytes = 1_000;

/**
 * Reads CSV (RFC 4180) piece by piece: LF or CRLF, and quoted fields that contain delimiters, quotes and line ends.
 * A quote in the middle of an unquoted field is a character like any other (`6" RULER`). Blank lines are skipped.
 *
 * If a record cannot be read, only its first line is lost: reading continues at the next line. General parsers continue
 * where they noticed the fault, and silently lose the good lines in between.
 *
 * The text is split as Latin-1, in which a character is a byte, and decoded afterwards. In this way bytes that are not
 * UTF-8 are noticed instead of replaced.
 */
export class CsvReader {
  private readonly delimiter: string;
  private text = '';
  private line = 1;
  private isStarted = false;
  /** Whether the reader is inside a line that it gave up because of its length. */
  private isSkipping = false;

  constructor(delimiter: string) {
    this.delimiter = delimiter;
  }

  /** Reads the next piece of the file, and returns the records that are now complete. */
  push(chunk: Buffer): CsvRecord[] {
    this.text += chunk.toString('latin1');
    return this.read(false);
  }

  /** Returns the last records, at the end of the file. */
  end(): CsvRecord[] {
    return this.read(true);
  }

  private read(isEnd: boolean): CsvRecord[] {
    const records: CsvRecord[] = [];
    let start = this.startOfText(isEnd);
    while (start < this.text.length) {
      const lineFeed = this.text.indexOf('\n', start);
      const line = lineFeed < 0 ? this.text.length : lineFeed;
      if (lineFeed < 0 && !isEnd && (this.isSkipping || line - start > maxRecordBytes)) {
        if (!this.isSkipping) records.push(this.fault(start, line, tooLong));
        this.isSkipping = true;
        start = line;
        break;
      }
      if (lineFeed < 0 && !isEnd) break;
      const record: ReadRecord | undefined = this.isSkipping
        ? { next: line + 1 }
        : this.readRecord(start, line, isEnd);
      if (!record) break;
      if (record.record) records.push(record.record);
      this.isSkipping = false;
      this.line += record.lines ?? 1;
      start = record.next;
    }
    this.text = this.text.slice(start);
    return records;
  }

  /** Reads the record whose first line goes from `start` to `line`. Undefined when its end has not arrived yet. */
  private readRecord(start: number, line: number, isEnd: boolean): ReadRecord | undefined {
    const next = line + 1;
    if (line - start > maxRecordBytes) return { record: this.fault(start, line, tooLong), next };
    const raw = withoutReturn(this.text.slice(start, line));
    if (raw === '') return { next };
    if (!raw.includes('"')) {
      return { record: decoded(this.line, raw, raw.split(this.delimiter), next - start), next };
    }
    const quoted = readQuoted(this.text, start, this.delimiter, isEnd);
    if (quoted === 'open' && !isEnd && this.text.length - start <= maxRecordBytes) return undefined;
    if (typeof quoted !== 'object' || quoted.next - start > maxRecordBytes) {
      return { record: this.fault(start, line, notClosed), next };
    }
    const text = this.text.slice(start, quoted.next);
    return {
      record: decoded(this.line, text, quoted.fields, text.length),
      next: quoted.next,
      lines: text.split('\n').length - (text.endsWith('\n') ? 1 : 0),
    };
  }

  private fault(start: number, line: number, fault: string): CsvRecord {
    const bytes = Math.min(line - start, maxRecordBytes) + 1;
    const shown = this.text.slice(start, Math.min(line, start + maxShownBytes));
    return { line: this.line, fields: [withoutReturn(shown)], bytes, fault };
  }

  /** Skips the byte order mark that some programs write before UTF-8. */
  private startOfText(isEnd: boolean): number {
    if (this.isStarted || (this.text.length < byteOrderMark.length && !isEnd)) return 0;
    this.isStarted = true;
    return this.text.startsWith(byteOrderMark) ? byteOrderMark.length : 0;
  }
}

const byteOrderMark = '\u00ef\u00bb\u00bf';
const tooLong = `the line is longer than ${maxRecordBytes} bytes`;
const notClosed =
  'a quoted field that begins on this line is not closed correctly (write a quote inside a quoted field twice)';

function withoutReturn(line: string): string {
  return line.endsWith('\r') ? line.slice(0, -1) : line;
}

/** Reads the record that starts at `start`. `open`: its end is not in this text yet. `garbled`: it is malformed. */
function readQuoted(
  text: string,
  start: number,
  delimiter: string,
  isEnd: boolean,
): { readonly fields: string[]; readonly next: number } | 'open' | 'garbled' {
  const fields: string[] = [];
  let at = start;
  for (;;) {
    if (text[at] === '"') {
      const close = closingQuote(text, at + 1);
      if (close < 0) return 'open';
      fields.push(text.slice(at + 1, close).replaceAll('""', '"'));
      at = close + 1;
    } else {
      const ends = [text.indexOf(delimiter, at), text.indexOf('\n', at)].filter((end) => end >= 0);
      const end = Math.min(...ends, text.length);
      const field = text.slice(at, end);
      fields.push(text[end] === delimiter ? field : withoutReturn(field));
      at = end;
    }
    // More text may follow: even a closing quote may be the first of two.
    if (at >= text.length) return isEnd ? { fields, next: at } : 'open';
    if (text[at] === delimiter) at += 1;
    else if (text[at] === '\n') return { fields, next: at + 1 };
    else if (text.startsWith('\r\n', at)) return { fields, next: at + 2 };
    else return text[at] === '\r' && at + 1 === text.length && !isEnd ? 'open' : 'garbled';
  }
}

function closingQuote(text: string, from: number): number {
  for (let at = text.indexOf('"', from); at >= 0; at = text.indexOf('"', at + 2)) {
    if (text[at + 1] !== '"') return at;
  }
  return -1;
}

function decoded(line: number, raw: string, fields: string[], bytes: number): CsvRecord {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: it matches everything outside ASCII
  if (!/[^\x00-\x7f]/.test(raw)) return { line, fields, bytes };
  if (!isUtf8(Buffer.from(raw, 'latin1'))) {
    return { line, fields, bytes, fault: 'the line is not valid UTF-8' };
  }
  return { line, fields: fields.map((field) => Buffer.from(field, 'latin1').toString('utf8')), bytes };
}

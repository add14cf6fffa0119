import { isUtf8 } from 'node:buffer';

/** One record of a CSV file. */
export interface CsvRecord {
  /** The physical line it starts on, from 1. */
  readonly line: number;
  readonly fields: readonly string[];
  /** How many bytes of the file it takes. */
  readonly bytes: number;
  /** Why it cannot be read. `fields` then holds what is there, one character a byte. */
  readonly fault?: string;
}

/** What was found at a place: a record or a blank line, where the next one starts, and the lines it takes (1). */
interface ReadRecord {
  readonly record?: CsvRecord;
  readonly next: number;
  readonly lines?: number;
}

/** A record longer than this is not one: a quote was left open, or this is no CSV. */
const maxRecordBytes = 1_048_576;
/** How much of an unreadable line is kept to show it. */
const maxShownBytes = 1_000;

/**
 * Reads CSV (RFC 4180) piece by piece: LF or CRLF, quoted fields with delimiters, quotes and line ends inside.
 * A quote in the middle of an unquoted field is a character like any other (`6" RULER`). Blank lines are passed over.
 *
 * A record that cannot be read costs its first line only: reading goes on at the next one. General parsers go on
 * where they noticed, and the good lines in between are lost without a word.
 *
 * Text is taken apart as Latin-1, where a character is a byte, and decoded after: so that bytes which are not UTF-8
 * are noticed instead of replaced.
 */
export class CsvReader {
  private readonly delimiter: string;
  private text = '';
  private line = 1;
  private isStarted = false;
  /** Inside a line that was given up for its length. */
  private isSkipping = false;

  constructor(delimiter: string) {
    this.delimiter = delimiter;
  }

  /** Takes the next piece of the file and gives the records that are complete with it. */
  push(chunk: Buffer): CsvRecord[] {
    this.text += chunk.toString('latin1');
    return this.read(false);
  }

  /** Gives what is left at the end of the file. */
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

  /** Reads the record whose first line goes from `start` to `line`; undefined when its end is not here yet. */
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

  /** Passes over the mark that some programs put before UTF-8. */
  private startOfText(isEnd: boolean): number {
    if (this.isStarted || (this.text.length < byteOrderMark.length && !isEnd)) return 0;
    this.isStarted = true;
    return this.text.startsWith(byteOrderMark) ? byteOrderMark.length : 0;
  }
}

const byteOrderMark = '\u00ef\u00bb\u00bf';
const tooLong = `the line is longer than ${maxRecordBytes} bytes`;
const notClosed =
  'a quoted field that begins on this line is not closed properly (a quote inside one is written twice)';

function withoutReturn(line: string): string {
  return line.endsWith('\r') ? line.slice(0, -1) : line;
}

/** Reads the record that starts at `start`. `open`: its end is not in this text; `garbled`: it has none. */
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
    // More may follow: even a closing quote may turn out to be the first of two.
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
  // biome-ignore lint/suspicious/noControlCharactersInRegex: it asks for everything outside ASCII
  if (!/[^\x00-\x7f]/.test(raw)) return { line, fields, bytes };
  if (!isUtf8(Buffer.from(raw, 'latin1'))) {
    return { line, fields, bytes, fault: 'the line is not valid UTF-8' };
  }
  return { line, fields: fields.map((field) => Buffer.from(field, 'latin1').toString('utf8')), bytes };
}

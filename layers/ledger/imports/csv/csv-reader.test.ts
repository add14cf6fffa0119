import { parse } from 'csv-parse/sync';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { CsvReader, type CsvRecord } from './csv-reader.ts';

/** Reads a whole file, given in pieces of these sizes (the last size repeats). */
function read(file: string | Buffer, sizes: readonly number[] = [65_536], delimiter = ','): CsvRecord[] {
  const bytes = Buffer.from(file);
  const reader = new CsvReader(delimiter);
  const records: CsvRecord[] = [];
  for (let at = 0, piece = 0; at < bytes.length; piece += 1) {
    const size = sizes[Math.min(piece, sizes.length - 1)] ?? 1;
    records.push(...reader.push(bytes.subarray(at, at + size)));
    at += size;
  }
  return [...records, ...reader.end()];
}

const lines = (file: string | Buffer) => read(file).map(({ line, fields }) => [line, ...fields]);
const faults = (file: string | Buffer) =>
  read(file).flatMap(({ line, fault }) => (fault ? [[line, fault]] : []));

const character = fc.constantFrom('a', 'b', ' ', ',', '"', '\n', '\r\n', 'é', '€', '😀', ';');
const field = fc.array(character, { maxLength: 6 }).map((characters) => characters.join(''));
const sizes = fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 1, maxLength: 20 });

test('a field may go on in the next piece, however much the piece before it has', () => {
  const before = 'x,1\n'.repeat(200_000);
  const reader = new CsvReader(',');
  expect(reader.push(Buffer.from(`${before}"two\nli`))).toHaveLength(200_000);
  expect(reader.push(Buffer.from('nes",2\n'))).toMatchObject([
    { line: 200_001, fields: ['two\nlines', '2'] },
  ]);
});

describe('a well-formed file', () => {
  test('is read as csv-parse reads it, whatever pieces it arrives in', () => {
    const records = fc.array(fc.array(field, { minLength: 2, maxLength: 4 }), { minLength: 1, maxLength: 6 });
    const end = fc.constantFrom('\n', '\r\n');
    fc.assert(
      fc.property(records, end, fc.boolean(), fc.boolean(), sizes, (rows, lineEnd, lastEnd, mark, pieces) => {
        const quoted = (text: string) => (/[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text);
        const text =
          rows.map((fields) => fields.map(quoted).join(',')).join(lineEnd) + (lastEnd ? lineEnd : '');
        const expected = parse(text, {
          relax_column_count: true,
          skip_empty_lines: true,
          record_delimiter: lineEnd,
        });
        expect(read((mark ? '\ufeff' : '') + text, pieces).map(({ fields }) => fields)).toEqual(expected);
      }),
    );
  });

  test('a record has the number of the line it starts on, also after records with line ends inside', () => {
    expect(lines('h,i\r\n"a\nb\r\nc",1\n\n\nd,2\n"e\n",3')).toEqual([
      [1, 'h', 'i'],
      [2, 'a\nb\r\nc', '1'],
      [7, 'd', '2'],
      [8, 'e\n', '3'],
    ]);
  });

  test('a quote inside an unquoted field is a character', () => {
    expect(lines('1,6" RULER,"a ""b"""\n')).toEqual([[1, '1', '6" RULER', 'a "b"']]);
  });

  test('with another delimiter, commas are characters', () => {
    expect(read('1,5;"a;b"\n', [3], ';').map(({ fields }) => fields)).toEqual([['1,5', 'a;b']]);
  });
});

describe('a malformed file', () => {
  test.each([
    ['a quote that is never closed', '1,"open,2\n2,b\n3,c\n', [1]],
    ['a quote that only a later line closes', '1,"open,2\n2,b\n3,"c"\n4,d\n', [1]],
    ['text after a closing quote', '1,"a"b\n2,c\n', [1]],
    ['two of them', '1,"a\n2,"b\n3,c\n', [1, 2]],
  ])('%s loses only that line', (_, file, bad) => {
    const records = read(file);
    expect(records.filter(({ fault }) => fault).map(({ line }) => line)).toEqual(bad);
    const count = file.trimEnd().split('\n').length;
    expect(records.map(({ line }) => line)).toEqual(Array.from({ length: count }, (_, index) => index + 1));
  });

  test('bytes that are not UTF-8 are a fault, and kept; the replacement character itself is fine', () => {
    const file = Buffer.concat([
      Buffer.from('a,\ufffd\n'),
      Buffer.of(0x62, 0x2c, 0xe9, 0x0a),
      Buffer.from('c,é\n'),
    ]);
    expect(faults(file)).toEqual([[2, 'the line is not valid UTF-8']]);
    expect(read(file)[1]?.fields.map((text) => Buffer.from(text, 'latin1'))).toEqual([
      Buffer.from('b'),
      Buffer.of(0xe9),
    ]);
    expect(lines(file)[0]).toEqual([1, 'a', '\ufffd']);
  });

  test('a line without an end is given up after a megabyte, and not kept', () => {
    const file = `a,b\n${'x'.repeat(3_000_000)}\nc,d\n`;
    expect(faults(file)).toEqual([[2, 'the line is longer than 1048576 bytes']]);
    expect(read(file)[1]?.fields[0]).toHaveLength(1_000);
    expect(lines(file).at(-1)).toEqual([3, 'c', 'd']);
  });

  test('with any bytes in any pieces, the records are the same, and no line is skipped', () => {
    const bytes = fc
      .array(fc.constantFrom(...Buffer.from('a,"\n\r'), 0xe9, 0xc3, 0xa9), { maxLength: 60 })
      .map((each) => Buffer.from(each));
    fc.assert(
      fc.property(bytes, sizes, (file, pieces) => {
        const whole = read(file);
        expect(read(file, pieces)).toEqual(whole);
        expect(whole.reduce((sum, record) => sum + record.bytes, 0)).toBeLessThanOrEqual(file.length + 1);
        // Every line that is not blank begins a record or is inside one.
        const covered = new Set<number>();
        for (const { line, fields } of whole) {
          const inside = fields.join('').split('\n').length - 1;
          for (let each = line; each <= line + inside; each += 1) covered.add(each);
        }
        const text = file.toString('latin1').split('\n');
        text.forEach((content, index) => {
          if (content !== '' && content !== '\r') expect(covered).toContain(index + 1);
        });
      }),
      { numRuns: 500 },
    );
  });
});

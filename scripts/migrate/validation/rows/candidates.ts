import { escapeLiteral } from 'pg';
import type { CheckShape, ColumnShape } from './table-shapes.ts';

/** Expressions of SQL that give the row number `i` a value of the column, the most ordinary first. */
export function candidates(column: ColumnShape, checks: readonly CheckShape[]): string[] {
  const cast = (expression: string) => `(${expression})::${column.type}`;
  const literals = checks
    .filter(({ columns }) => columns.includes(column.name))
    .flatMap(({ expression }) => [...expression.matchAll(/'((?:[^']|'')*)'/g)].map(([, text = '']) => text))
    .map((text) => escapeLiteral(text.replaceAll("''", "'")));
  const ordinary = column.labels
    ? [escapeLiteral(column.labels[0] ?? '')]
    : column.isArray
      ? ["'{}'", ...literals.map((text) => `array[${text}]`)]
      : (byType[column.baseType] ?? texts);
  return [...new Set([...ordinary, ...literals].map(cast))];
}

const numbers = ['i', '1', '0', '-1', '100'];
const texts = [
  `'a' || i`,
  `lpad(i::text, 12, '0')`,
  'i::text',
  `'u' || i || '@example.com'`,
  `'key:a' || i`,
  'md5(i::text)',
  `chr(96 + 1 + i % 26)`,
  `''`,
];

function bytes(length: number): string {
  return `decode(lpad(to_hex(i), ${length * 2}, '0'), 'hex')`;
}

const byType: Readonly<Record<string, readonly string[]>> = {
  smallint: numbers,
  integer: numbers,
  bigint: numbers,
  numeric: numbers,
  real: numbers,
  'double precision': numbers,
  boolean: ['false', 'true'],
  uuid: ['md5(i::text)'],
  bytea: [32, 64, 20, 52, 16, 12, 1].map(bytes),
  json: [`'{}'`, `'[]'`, `'"a"'`],
  jsonb: [`'{}'`, `'[]'`, `'"a"'`],
  date: [`date '2026-01-01' + i`],
  'timestamp with time zone': [`timestamptz '2026-01-01' + i * interval '1 minute'`],
  'timestamp without time zone': [`timestamp '2026-01-01' + i * interval '1 minute'`],
  interval: [`i * interval '1 minute'`],
  inet: [`'10.0.0.1'`],
  cidr: [`'10.0.0.0/8'`],
  tstzrange: [
    `tstzrange(timestamptz '2026-01-01' + i * interval '1 hour', timestamptz '2026-01-01' + (i + 1) * interval '1 hour')`,
  ],
  int4range: ['int4range(i, i + 1)'],
  xml: [`'<a/>'`],
};

import * as z from 'zod';

/** A body with one field changed. */
export interface Candidate {
  /** The path of the field, such as `lines[0].quantity`. */
  readonly field: string;
  readonly value: unknown;
  readonly body: unknown;
}

/** The part of JSON Schema that the bounds of a field stand in. */
interface Node {
  readonly type?: string;
  readonly format?: string;
  readonly enum?: readonly unknown[];
  readonly anyOf?: readonly Node[];
  readonly properties?: Readonly<Record<string, Node>>;
  readonly items?: Node;
  readonly maxLength?: number;
  readonly maxItems?: number;
  readonly maximum?: number;
}

const emoji = '\u{1f600}';
const invisible = ['\u200b', '\u202e', '\u00ad', '\ufeff', '\t', '\u0085', '\u00a0', '\u2800', '\ue000'];
const nested = (levels: number): unknown => (levels === 1 ? {} : { a: nested(levels - 1) });
const textOf = (bytes: number) => ({ a: `é${'x'.repeat(bytes - '{"a":"é"}'.length - 1)}` });

const instants = [
  ...['1900-01-01T00:00:00Z', '1899-12-31T23:59:59.999Z', '9999-12-31T23:59:59.999Z', '2026-03-01T09:30:00Z'],
  ...['9999-12-31T23:59:59.9996Z', '9999-12-31T23:59:59-00:01', '10000-01-01T00:00:00Z'],
  ...['infinity', '-infinity', '0044-03-15 BC', '294276-12-31T00:00:00Z'],
];
const metadata = [
  ...[
    {},
    { a: null, b: [{ c: 1e-7 }], 'ключ ☃': `${emoji}"\\\n` },
    textOf(8_191),
    textOf(8_192),
    textOf(8_193),
  ],
  ...[
    textOf(100_000),
    nested(31),
    nested(32),
    nested(33),
    nested(1_000),
    { a: [nested(30)] },
    { a: [nested(31)] },
  ],
  ...[
    JSON.parse('{"__proto__":1}'),
    JSON.parse('{"a":[{"__proto__":{}}]}'),
    { a: '__proto__', constructor: 1 },
  ],
  ...[
    { a: Array(1_364).fill(1e-4) },
    { a: Array(300).fill(1e300) },
    { a: 123_456_789_012_345 },
    { a: 'x\0' },
    [],
  ],
];

function lengthsAround(longest: number): string[] {
  return [longest - 1, longest, longest + 1].flatMap((length) =>
    ['x', emoji].map((character) => character.repeat(length)),
  );
}

function numbersAround(greatest: number): unknown[] {
  return [
    ...[0, 0.0001, -0.0001, 0.00001, 1.00005, 1, -1, greatest, -greatest, greatest + 1, -greatest - 1, 1e300],
    // JSON has no such numbers, and a function in SQL takes them from a string.
    ...['NaN', 'Infinity', '-Infinity'],
  ];
}

/** The values to try in a field: at its bounds, just inside and beyond, and what no field takes. */
function valuesOf(name: string, node: Node): unknown[] {
  if (node.enum) return [...node.enum, 'x', ''];
  if (node.format === 'date-time') return instants;
  switch (node.type) {
    case 'string':
      return [
        ...[
          '',
          'x',
          ' x',
          'x ',
          'a b',
          emoji,
          'a\0b',
          'x\ud800',
          'é',
          'e\u0301',
          '\u212a',
          'a@b',
          'a|b@c',
          'a-1',
        ],
        ...['0197b1f2-6c1e-7a30-9d2f-3a5e0c7b1d42', ...invisible.map((character) => `a${character}b`)],
        // A slug has 63 characters, and a code 64: their schemas say so in a pattern.
        ...(node.maxLength === undefined ? [63, 64] : [node.maxLength]).flatMap(lengthsAround),
      ];
    case 'number':
    case 'integer':
      return numbersAround(node.maximum ?? 99_999_999_999.9999);
    case 'boolean':
      return [true, false];
    case 'object':
      return metadata;
    default:
      throw new Error(`nothing is tried in ${name}: add values for ${JSON.stringify(node)}`);
  }
}

/**
 * Every field of a request schema with every value to try in it. `body` is one that is right and has every field.
 * @throws Error when a field has a form that nothing is known to try in
 */
export function candidatesOf(schema: z.ZodType, body: unknown): Candidate[] {
  const found: Candidate[] = [];
  const visit = (given: Node, path: readonly (string | number)[], at: unknown): void => {
    const node = { ...given, ...given.anyOf?.find(({ type }) => type !== 'null') };
    const field = path.reduce<string>(
      (name, part) => (typeof part === 'number' ? `${name}[${part}]` : `${name && `${name}.`}${part}`),
      '',
    );
    const add = (value: unknown) => found.push({ field, value, body: replaced(body, path, value) });
    if (node.properties) {
      for (const [key, inner] of Object.entries(node.properties))
        visit(inner, [...path, key], (at as Record<string, unknown>)?.[key]);
    } else if (node.type === 'array') {
      const [element] = at as unknown[];
      for (const length of [0, 1, 2, node.maxItems ?? 0, (node.maxItems ?? 0) + 1])
        add(
          Array.from({ length }, (_, n) =>
            typeof element === 'string' && !node.items?.enum ? `${element}${n}` : element,
          ),
        );
      visit(node.items ?? {}, [...path, 0], element);
    } else for (const value of valuesOf(field, node)) add(value);
  };
  visit(z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any' }) as Node, [], body);
  return found;
}

function replaced(body: unknown, [key, ...rest]: readonly (string | number)[], value: unknown): unknown {
  if (key === undefined) return value;
  const copy: Record<string | number, unknown> = Array.isArray(body)
    ? ([...body] as never)
    : { ...(body as object) };
  copy[key] = replaced(copy[key], rest, value);
  return copy;
}

/** The model of an operation, as every command of the SDK carries it: `[9, namespace, name, traits, input, output]`. */
type Model = readonly unknown[] | number;
type Lazy = Model | (() => Lazy) | readonly [() => Lazy, unknown];

const kind = { simple: 0, list: 1, map: 2, structure: 3, union: 4, operation: 9 } as const;

/** What the model of the API has against the input of a command: members missing, unknown, or of another type. */
export function faultsOf(command: { readonly input: unknown; readonly schema?: unknown }): string[] {
  const operation = command.schema;
  if (!Array.isArray(operation) || operation[0] !== kind.operation)
    return [`${command.constructor.name} carries no model`];
  return check(operation[4], command.input, String(operation[2]));
}

function check(lazy: Lazy, value: unknown, at: string): string[] {
  const model = resolve(lazy);
  if (typeof model === 'number') return checkSimple(model, value, at);
  switch (model[0]) {
    case kind.simple:
      return check(model[4] as Lazy, value, at);
    case kind.list:
      if (!Array.isArray(value)) return [`${at} is no list`];
      return value.flatMap((each, index) => check(model[4] as Lazy, each, `${at}[${index}]`));
    case kind.map:
      if (!isRecord(value)) return [`${at} is no map`];
      return Object.entries(value).flatMap(([key, each]) => check(model[5] as Lazy, each, `${at}.${key}`));
    default:
      return checkStructure(model, value, at);
  }
}

function checkStructure(model: readonly unknown[], value: unknown, at: string): string[] {
  if (!isRecord(value)) return [`${at} is no structure`];
  const names = model[4] as readonly string[];
  const members = model[5] as readonly Lazy[];
  // Those that are required come first.
  const required = names.slice(0, Number(model[6] ?? 0));
  return [
    ...required
      .filter((name) => value[name] === undefined || value[name] === null)
      .map((name) => `${at}.${name} is required`),
    ...Object.entries(value)
      .filter(([, each]) => each !== undefined && each !== null)
      .flatMap(([name, each]) => {
        const member = members[names.indexOf(name)];
        return member === undefined ? [`${at}.${name} is unknown`] : check(member, each, `${at}.${name}`);
      }),
  ];
}

/** The numbers of the SDK for types that have no parts; a list or a map of them has 64 or 128 added. */
function checkSimple(type: number, value: unknown, at: string): string[] {
  if (type & 64) {
    if (!Array.isArray(value)) return [`${at} is no list`];
    return value.flatMap((each, index) => checkSimple(type & ~64, each, `${at}[${index}]`));
  }
  if (type & 128) {
    if (!isRecord(value)) return [`${at} is no map`];
    return Object.entries(value).flatMap(([key, each]) => checkSimple(type & ~128, each, `${at}.${key}`));
  }
  const [name, fits] = simple(type);
  return fits(value) ? [] : [`${at} is ${typeof value} and not ${name}`];
}

function simple(type: number): readonly [string, (value: unknown) => boolean] {
  if (type === 0) return ['a string', (value) => typeof value === 'string' && value !== ''];
  if (type === 1) return ['a number', (value) => typeof value === 'number' && Number.isFinite(value)];
  if (type === 2) return ['a boolean', (value) => typeof value === 'boolean'];
  if (type >= 4 && type <= 7)
    return ['a time', (value) => value instanceof Date && !Number.isNaN(value.getTime())];
  if (type === 21 || type === 42)
    return ['bytes', (value) => value instanceof Uint8Array || typeof value === 'string'];
  return [`of a type that is known here (${type})`, () => false];
}

/** Members are a model, a function that answers one, or either with traits beside it. */
function resolve(lazy: Lazy): Model {
  if (typeof lazy === 'function') return resolve(lazy());
  if (typeof lazy === 'number') return lazy;
  // A model begins with its kind and its namespace, a member with traits with anything else.
  return typeof lazy[1] === 'string' ? (lazy as Model) : resolve(lazy[0] as Lazy);
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

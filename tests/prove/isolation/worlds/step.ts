import type { Credential } from './credentials.ts';

/**
 * One request of the subject without concrete ids. Each world fills in its own. It is plain data, so that a failing
 * sequence can be shrunk and read.
 */
export interface Step {
  readonly route: string;
  readonly path?: Readonly<Record<string, Value>>;
  readonly query?: Readonly<Record<string, Value>>;
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, Value>>;
  /** Default: the key of the subject. */
  readonly by?: readonly Credential[];
}

/** A text, a value from an earlier answer of this world (-1 is the last), or a value of the other organization. */
export type Value =
  | string
  | { readonly seen: Seen; readonly index: number }
  | { readonly theirs: keyof Theirs };

export type Seen = 'entry' | 'movement' | 'reservation' | 'key' | 'secret' | 'cursor' | 'object';

/** Real ids of the other organization; in the world where it is absent, ids that never existed. */
export interface Theirs {
  readonly entry: string;
  readonly movement: string;
  readonly reservation: string;
  readonly item: string;
  readonly key: string;
  readonly slug: string;
  readonly organization: string;
  readonly cursor: string;
}

/** The value to use while no answer has contained one of the kind. */
const never: Readonly<Record<Seen, string>> = {
  entry: '01900000-0000-7000-8000-000000000000',
  movement: '01900000-0000-7000-8000-000000000000.1',
  reservation: '01900000-0000-7000-8000-000000000002',
  key: 'neverNEVER00',
  secret: 'sk_prove_neverNEVER00_0',
  cursor: Buffer.from('["A"]').toString('base64url'),
  object: '01900000-0000-7000-8000-000000000001',
};

/** The values in the answers of one world so far. */
export class Memory {
  private readonly seen: Record<Seen, string[]> = {
    entry: [],
    movement: [],
    reservation: [],
    key: [],
    secret: [],
    cursor: [],
    object: [],
  };
  private readonly theirs: Theirs;

  constructor(theirs: Theirs) {
    this.theirs = theirs;
  }

  valueOf(value: Value): string {
    if (typeof value === 'string') return value;
    if ('theirs' in value) return this.theirs[value.theirs];
    const list = this.seen[value.seen];
    return list.at(value.index % list.length) ?? never[value.seen];
  }

  /** Remembers the values that a later step may use. */
  note(body: unknown): void {
    if (Array.isArray(body)) {
      for (const item of body) this.note(item);
    } else if (typeof body === 'object' && body !== null) {
      for (const [name, value] of Object.entries(body)) {
        if (typeof value === 'string') this.noteField(name, value, body);
        else this.note(value);
      }
    }
  }

  private noteField(name: string, value: string, of: object): void {
    const kind = name === 'id' && 'expiresAt' in of && 'lines' in of ? 'reservation' : kindOf(name, value);
    if (kind && !this.seen[kind].includes(value)) this.seen[kind].push(value);
  }
}

function kindOf(name: string, value: string): Seen | undefined {
  if (name === 'entryId') return 'entry';
  if (name === 'movementId') return 'movement';
  if (name === 'nextCursor') return 'cursor';
  if (name === 'key') return 'secret';
  if (name === 'id') return /^[0-9A-Za-z]{12}$/.test(value) ? 'key' : 'object';
  return undefined;
}

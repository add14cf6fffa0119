import type { RowPair } from './rows.ts';

/** Everything as it was, or the current rows plus the lost rows. */
export type RestoreMode = 'as_it_was' | 'merge';

/**
 * Tables that keep their current state. A key that was revoked since must stay revoked, and a key that was created since is
 * in use. Records of refused requests are evidence.
 */
const ofToday = ['tenancy.api_keys', 'tenancy.security_events'];

/** Chooses between the copy and production, row by row. */
export class Selection {
  readonly #mode: RestoreMode;
  readonly #at = isoOf(new Date());
  keysRevoked = 0;
  movementsReturned = 0;

  constructor(mode: RestoreMode) {
    this.#mode = mode;
  }

  /** The line to write. Undefined when the row must not exist. */
  lineOf(table: string, { past, present }: RowPair): string | undefined {
    if (table === 'tenancy.organizations') return this.#organization(past?.line, present?.line);
    if (ofToday.includes(table)) return present?.line ?? this.#returned(table, past?.line);
    if (this.#mode === 'as_it_was') return past?.line;
    return present?.line ?? this.#returned(table, past?.line);
  }

  #returned(table: string, line: string | undefined): string | undefined {
    if (line === undefined) return undefined;
    if (table === 'inventory.movements') this.movementsReturned += 1;
    if (table !== 'tenancy.api_keys') return line;
    // Nobody knows whether the key was revoked before it was lost, so it comes back revoked.
    if (line.includes('"revoked_at":null')) this.keysRevoked += 1;
    return line.replace('"revoked_at":null', `"revoked_at":"${this.#at}"`);
  }

  /** Suspended, so that a person can check it before anybody works with it. */
  #organization(past: string | undefined, present: string | undefined): string | undefined {
    const line = this.#mode === 'merge' ? (present ?? past) : past;
    if (line === undefined) return undefined;
    if (present === undefined) {
      return line
        .replace(fieldOf('status'), '"status":"suspended"')
        .replace('"suspended_at":null', `"suspended_at":"${this.#at}"`);
    }
    return ['slug', 'status', 'suspended_at', 'suspension_reason'].reduce(
      (made, name) => made.replace(fieldOf(name), () => fieldOf(name).exec(present)?.[0] ?? ''),
      line,
    );
  }
}

/** Matches a field of a line that contains a text or null. */
function fieldOf(name: string): RegExp {
  return new RegExp(`"${name}":(null|"(?:[^"\\\\]|\\\\.)*")`);
}

/** A time as the database exports it: without trailing zeros. */
function isoOf(at: Date): string {
  const [seconds, fraction = ''] = at.toISOString().slice(0, -1).split('.');
  const digits = fraction.replace(/0+$/, '');
  return `${seconds}${digits && `.${digits}`}+00:00`;
}

import type { RowPair } from './rows.ts';

/** Everything as it was, or what there is and, beside it, what was lost. */
export type RestoreMode = 'as_it_was' | 'merge';

/**
 * What does not go back in time. A key that was revoked since must not open anything again, one that was made since is in
 * use; and what was noted about refused requests is evidence.
 */
const ofToday = ['tenancy.api_keys', 'tenancy.security_events'];

/** Chooses, row by row, between the copy and production. */
export class Selection {
  readonly #mode: RestoreMode;
  readonly #at = isoOf(new Date());
  keysRevoked = 0;
  movementsReturned = 0;

  constructor(mode: RestoreMode) {
    this.#mode = mode;
  }

  /** The line that is to be there; undefined for none. */
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
    // Whether it was revoked before it was lost is not known any more.
    if (line.includes('"revoked_at":null')) this.keysRevoked += 1;
    return line.replace('"revoked_at":null', `"revoked_at":"${this.#at}"`);
  }

  /** Suspended, so that somebody looks at it before anybody works with it. */
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

/** A field of a line that holds a text or nothing. */
function fieldOf(name: string): RegExp {
  return new RegExp(`"${name}":(null|"(?:[^"\\\\]|\\\\.)*")`);
}

/** As the database tells a time in an export: without the zeros at the end. */
function isoOf(at: Date): string {
  const [seconds, fraction = ''] = at.toISOString().slice(0, -1).split('.');
  const digits = fraction.replace(/0+$/, '');
  return `${seconds}${digits && `.${digits}`}+00:00`;
}

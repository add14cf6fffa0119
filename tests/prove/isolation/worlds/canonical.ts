import { sentTimes } from './names.ts';

const uuid = /[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/gi;
const hash = /\b[0-9a-f]{64}\b/g;
const time = /\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,6})?(?:Z|[+-]\d\d:?\d\d)/g;
const apiKey = /sk_prove_[0-9A-Za-z]{12}_[0-9A-Za-z]{49}/g;
const keyId = /^[0-9A-Za-z]{12}$/;

/** Headers that depend on the time or the connection, and not on the request. */
const momentary = new Set(['date', 'connection', 'keep-alive', 'x-request-id', 'apigw-requestid']);

/** An answer in the form in which answers are compared. */
export interface CanonicalAnswer {
  readonly status: number;
  readonly headers: readonly string[];
  readonly body: string;
}

/**
 * Renames generated values (ids, hashes, keys, times, cursors) by the order of their first appearance, so that two worlds
 * with the same behaviour give the same answers. Each world has its own instance for a whole sequence.
 */
export class Canonical {
  private readonly names = new Map<string, string>();

  /** Gives a value of this world a name that all worlds share. */
  name(value: string, name: string): void {
    this.names.set(value.toLowerCase(), name);
  }

  answer(response: Response, text: string): CanonicalAnswer {
    const requestId = response.headers.get('x-request-id');
    const body = parse(text);
    this.learn(body);
    const replaced = requestId ? text.replaceAll(requestId, '<request>') : text;
    return {
      status: response.status,
      headers: [...response.headers]
        .filter(([name]) => !momentary.has(name))
        .map(([name, value]) => `${name}: ${this.text(value)}`)
        .sort(),
      body: this.text(replaced),
    };
  }

  /** The report of a job or a command. It counts as success unless it was refused. */
  report(report: object): CanonicalAnswer {
    return { status: 'refused' in report ? 409 : 200, headers: [], body: this.text(JSON.stringify(report)) };
  }

  private text(text: string): string {
    // Whole keys first: a key contains its id.
    let renamed = text.replace(apiKey, '<api key>');
    for (const [value, name] of this.names) {
      if (name.startsWith('<key') || name.startsWith('<cursor')) renamed = renamed.replaceAll(value, name);
    }
    return (
      renamed
        // The hashed texts contain ids, so the hashes differ between worlds.
        .replace(hash, (each) => this.rename(each, 'hash'))
        .replace(uuid, (id) => this.rename(id, 'id'))
        .replace(time, (at) => ((sentTimes as readonly string[]).includes(at) ? at : '<time>'))
    );
  }

  private rename(value: string, kind: string): string {
    const known = this.names.get(value.toLowerCase());
    if (known) return known;
    const name = `<${kind} ${this.names.size}>`;
    this.names.set(value.toLowerCase(), name);
    return name;
  }

  /** Finds the ids of keys and the cursors by their fields, because they look like any word. */
  private learn(body: unknown): void {
    if (typeof body !== 'object' || body === null) return;
    for (const [name, value] of Object.entries(body)) {
      if (typeof value !== 'string') this.learn(value);
      else if ((name === 'id' || name === 'replacedBy') && keyId.test(value)) this.learnExactly(value, 'key');
      else if (name === 'nextCursor') {
        const key = Buffer.from(value, 'base64url').toString('utf8');
        this.names.set(value, `<cursor ${this.text(key)}>`);
      }
    }
  }

  private learnExactly(value: string, kind: string): void {
    if (!this.names.has(value)) this.names.set(value, `<${kind} ${this.names.size}>`);
  }
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

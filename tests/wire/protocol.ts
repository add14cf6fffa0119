/**
 * The part of Postgres' wire protocol (version 3; documentation of Postgres, 54.7) that says what a client asks and
 * when the server is done with it.
 */

/** What a client sends once it is logged in. */
export type FrontendMessage =
  | { readonly kind: 'query'; readonly text: string }
  | { readonly kind: 'parse'; readonly name: string; readonly text: string }
  | {
      readonly kind: 'bind';
      readonly portal: string;
      readonly statement: string;
      readonly values: readonly Buffer[];
    }
  | { readonly kind: 'sync' }
  /** Execute, Describe, Close, Flush, Terminate, passwords and COPY data, by the letter of their type. */
  | { readonly kind: 'other'; readonly type: string };

/** A whole message: the letter of its type and what follows its length. */
interface RawMessage {
  readonly type: string;
  readonly body: Buffer;
}

const cancelRequest = 80877102;
const sslRequest = 80877103;
const gssRequest = 80877104;

/** Cuts one direction of a connection into messages, however the bytes arrive. */
class MessageCutter {
  private rest: Buffer = Buffer.alloc(0);

  add(chunk: Buffer): void {
    this.rest = this.rest.length === 0 ? chunk : Buffer.concat([this.rest, chunk]);
  }

  /** The next message without a type, as a client begins with. */
  takeStartup(): Buffer | undefined {
    if (this.rest.length < 4) return undefined;
    return this.take(0, this.rest.readInt32BE(0));
  }

  takeMessage(): RawMessage | undefined {
    if (this.rest.length < 5) return undefined;
    const type = String.fromCharCode(this.rest[0] ?? 0);
    const body = this.take(1, this.rest.readInt32BE(1));
    return body && { type, body };
  }

  private take(skip: number, length: number): Buffer | undefined {
    if (this.rest.length < skip + length) return undefined;
    const body = this.rest.subarray(skip + 4, skip + length);
    this.rest = this.rest.subarray(skip + length);
    return body;
  }
}

/** Reads what a client sends. The messages of the login are not shown. */
export class FrontendReader {
  private readonly cutter = new MessageCutter();
  private started = false;

  read(chunk: Buffer): FrontendMessage[] {
    this.cutter.add(chunk);
    const messages: FrontendMessage[] = [];
    while (!this.started) {
      const startup = this.cutter.takeStartup();
      if (!startup) return messages;
      const code = startup.readInt32BE(0);
      this.started = code !== sslRequest && code !== gssRequest;
      if (code === cancelRequest) messages.push({ kind: 'other', type: 'cancel' });
    }
    for (let raw = this.cutter.takeMessage(); raw; raw = this.cutter.takeMessage())
      messages.push(toFrontend(raw));
    return messages;
  }
}

/** Reads what a server sends, for the states it says it is in: `I` idle, `T` in a transaction, `E` in a failed one. */
export class BackendReader {
  private readonly cutter = new MessageCutter();

  read(chunk: Buffer): ('I' | 'T' | 'E')[] {
    this.cutter.add(chunk);
    const states: ('I' | 'T' | 'E')[] = [];
    for (let raw = this.cutter.takeMessage(); raw; raw = this.cutter.takeMessage()) {
      if (raw.type === 'Z') states.push(String.fromCharCode(raw.body[0] ?? 0) as 'I');
    }
    return states;
  }
}

function toFrontend({ type, body }: RawMessage): FrontendMessage {
  const reader = new FieldReader(body);
  switch (type) {
    case 'Q':
      return { kind: 'query', text: reader.text() };
    case 'P':
      return { kind: 'parse', name: reader.text(), text: reader.text() };
    case 'B':
      return { kind: 'bind', portal: reader.text(), statement: reader.text(), values: reader.values() };
    case 'S':
      return { kind: 'sync' };
    default:
      return { kind: 'other', type };
  }
}

class FieldReader {
  private readonly body: Buffer;
  private at = 0;

  constructor(body: Buffer) {
    this.body = body;
  }

  text(): string {
    const end = this.body.indexOf(0, this.at);
    const text = this.body.toString('utf8', this.at, end);
    this.at = end + 1;
    return text;
  }

  /** The parameters of a Bind; NULL is left out. */
  values(): Buffer[] {
    const formats = this.int16();
    this.at += 2 * formats;
    const values: Buffer[] = [];
    const count = this.int16();
    for (let index = 0; index < count; index += 1) {
      const length = this.body.readInt32BE(this.at);
      this.at += 4;
      if (length < 0) continue;
      values.push(this.body.subarray(this.at, this.at + length));
      this.at += length;
    }
    return values;
  }

  private int16(): number {
    const value = this.body.readInt16BE(this.at);
    this.at += 2;
    return value;
  }
}

import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { pinningFaults } from './pinning.ts';
import { BackendReader, type FrontendMessage, FrontendReader } from './protocol.ts';

/** From the first message on an idle connection until the server is idle again: one transaction, or one statement. */
export interface Exchange {
  readonly statements: readonly string[];
  /** Times the client has sent something after it had been given an answer, and the first time. */
  readonly roundTrips: number;
}

/** Stands between a client and Postgres and reads along. */
export interface WireRecorder {
  /** The same login and database, through the recorder. */
  through(url: string): string;
  /** What has been exchanged since the start or the last `forget()`, and begun since. */
  exchanges(): readonly Exchange[];
  /** Everything the server has sent, when `keepAnswers` was asked for. */
  answers(): Buffer;
  forget(): void;
  /** Everything on the wire, so far and ever, that would pin a connection of RDS Proxy or shows a credential. */
  faults(): Promise<string[]>;
  close(): Promise<void>;
}

export interface RecorderOptions {
  readonly keepAnswers?: boolean;
}

/** The calls whose first parameters prove who asks. */
const entering = /\btenancy\.enter_with_(key|pass)\b/;

interface Findings {
  readonly texts: Set<string>;
  readonly namedPrepares: Set<string>;
  readonly credentials: Set<string>;
  exchanges: Exchange[];
  answers: Buffer[];
}

/**
 * Starts a recorder in front of the server that a URL names.
 * It gives an answer on only after the client's bytes that were sent before it have been read, so that what it counts
 * as a round trip is one.
 */
export async function recordWire(serverUrl: string, options: RecorderOptions = {}): Promise<WireRecorder> {
  const { hostname, port } = new URL(serverUrl);
  const findings: Findings = {
    texts: new Set(),
    namedPrepares: new Set(),
    credentials: new Set(),
    exchanges: [],
    answers: [],
  };
  const sockets = new Set<Socket>();
  const server = createServer((client) => {
    const upstream = connect(Number(port || 5432), hostname);
    for (const socket of [client, upstream]) {
      sockets.add(socket);
      socket.setNoDelay(true);
      socket.once('close', () => sockets.delete(socket));
      // Either side may go away at any moment; the other one notices the close that follows.
      socket.on('error', () => {});
    }
    relay(client, upstream, findings, options);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address() as AddressInfo;

  return {
    through(url) {
      const through = new URL(url);
      through.hostname = address.address;
      through.port = String(address.port);
      return through.href;
    },
    exchanges: () => findings.exchanges,
    answers: () => Buffer.concat(findings.answers),
    forget() {
      findings.exchanges = [];
      findings.answers = [];
    },
    faults: () => faultsOf(findings),
    async close() {
      const closed = once(server, 'close');
      server.close();
      for (const socket of sockets) socket.destroy();
      await closed;
    },
  };
}

function relay(client: Socket, upstream: Socket, findings: Findings, { keepAnswers }: RecorderOptions): void {
  const frontend = new FrontendReader();
  const backend = new BackendReader();
  const watch = new ExchangeWatch(findings);

  client.on('data', (chunk) => {
    for (const message of frontend.read(chunk)) watch.sent(message);
    upstream.write(chunk);
  });
  upstream.on('data', (chunk) => {
    if (keepAnswers) findings.answers.push(chunk);
    // One turn of the event loop later all that the client had sent by now is read.
    setImmediate(() =>
      setImmediate(() => {
        for (const state of backend.read(chunk)) watch.ready(state);
        watch.answered();
        client.write(chunk);
      }),
    );
  });
  client.once('close', () => upstream.destroy());
  upstream.once('close', () => setImmediate(() => setImmediate(() => client.destroySoon())));
}

/** Follows one connection from exchange to exchange. */
class ExchangeWatch {
  private readonly findings: Findings;
  private readonly preparedTexts = new Map<string, string>();
  private loggedIn = false;
  private statements: string[] = [];
  private unanswered = 0;
  private roundTrips = 0;
  private wasAnswered = true;
  private isUnderWay = false;
  /** What is forgotten while an exchange is under way is this exchange too. */
  private exchanges: Exchange[] = [];

  constructor(findings: Findings) {
    this.findings = findings;
  }

  sent(message: FrontendMessage): void {
    if (
      message.kind === 'other' &&
      (message.type === 'p' || message.type === 'X' || message.type === 'cancel')
    )
      return;
    if (!this.isUnderWay) this.exchanges = this.findings.exchanges;
    this.isUnderWay = true;
    if (this.wasAnswered) this.roundTrips += 1;
    this.wasAnswered = false;
    if (message.kind === 'query' || message.kind === 'sync') this.unanswered += 1;
    if (message.kind === 'query' || message.kind === 'parse') {
      this.statements.push(message.text);
      this.findings.texts.add(message.text);
    }
    if (message.kind === 'parse') {
      this.preparedTexts.set(message.name, message.text);
      if (message.name !== '') this.findings.namedPrepares.add(message.text);
    }
    if (message.kind === 'bind' && entering.test(this.preparedTexts.get(message.statement) ?? '')) {
      this.noteCredentials(this.preparedTexts.get(message.statement) ?? '', message.values);
    }
  }

  answered(): void {
    this.wasAnswered = true;
  }

  ready(state: 'I' | 'T' | 'E'): void {
    if (!this.loggedIn) {
      this.isUnderWay = false;
      this.loggedIn = true;
      return;
    }
    this.unanswered -= 1;
    if (state !== 'I' || this.unanswered > 0) return;
    this.isUnderWay = false;
    this.exchanges.push({ statements: this.statements, roundTrips: this.roundTrips });
    this.statements = [];
    this.roundTrips = 0;
  }

  /** A key has an id and a digest, a pass is one text. */
  private noteCredentials(text: string, values: readonly Buffer[]): void {
    const secrets = values.slice(0, entering.exec(text)?.[1] === 'key' ? 2 : 1);
    for (const secret of secrets) {
      for (const encoding of ['utf8', 'hex', 'base64'] as const) {
        this.findings.credentials.add(secret.toString(encoding));
      }
    }
  }
}

async function faultsOf({ texts, namedPrepares, credentials }: Findings): Promise<string[]> {
  const faults: string[] = [];
  for (const text of texts) {
    const shown = text.length > 200 ? `${text.slice(0, 200)}…` : text;
    for (const fault of await pinningFaults(text)) faults.push(`${fault}: ${shown}`);
    if (namedPrepares.has(text)) faults.push(`a named statement stays in the session: ${shown}`);
    for (const credential of credentials) {
      if (credential !== '' && text.includes(credential))
        faults.push(`a credential is in the text: ${shown}`);
    }
  }
  return faults;
}

import { Readable } from 'node:stream';

/** More than any answer: an object of the evidence bucket has at most half of it. */
const maxAnswerBytes = 32 * 1024 * 1024;
/** How long an answer may take from its head to its last byte. */
const maxAnswerMs = 5_000;
/** Where a document must have named its root. */
const rootWithinBytes = 1_024;

/** The answer is none of AWS: too long, endless, or another document. The operation may have happened. */
export class AnswerRefused extends Error {
  override readonly name = 'AnswerRefused';
  readonly code: 'AnswerTooLarge' | 'AnswerTooSlow' | 'NoAnswer';

  constructor(code: AnswerRefused['code'], detail: string) {
    super(detail);
    this.code = code;
  }
}

interface Context {
  readonly clientName?: string;
  readonly commandName?: string;
}
// biome-ignore lint/suspicious/noExplicitAny: each client of the SDK has types of its own for the same chain
type Handler = (args: any) => Promise<any>;

/** A client of the SDK, as far as its chain of middlewares goes. */
interface WithMiddlewares {
  readonly middlewareStack: {
    add(
      middleware: (next: Handler, context: Context) => Handler,
      options: { step: 'deserialize'; priority: 'low' },
    ): void;
  };
}

/**
 * Bounds every answer that a client reads, and refuses documents of another kind. The SDK collects a body to its end, however
 * long it is; its timeouts look at the time between two bytes only; and it reads a document without the expected elements
 * as an answer in which nothing is. Returns the client.
 */
export function boundAnswers<Client extends WithMiddlewares>(client: Client): Client {
  client.middlewareStack.add(
    (next, context) => async (args) => {
      const result = await next(args);
      const { response } = result as { response: { statusCode?: number; body?: unknown } };
      if (response.body instanceof Readable) {
        const root = (response.statusCode ?? 0) < 300 ? rootOf(context) : undefined;
        response.body = Readable.from(bounded(response.body, root));
      }
      return result;
    },
    { step: 'deserialize', priority: 'low' },
  );
  return client;
}

/** The root of the document that answers a command. Undefined when the answer is no document. */
function rootOf({ clientName = '', commandName = '' }: Context): string | undefined {
  if (['SNSClient', 'RDSClient'].includes(clientName)) return commandName.replace(/Command$/, 'Response');
  return commandName === 'ListObjectVersionsCommand' ? 'ListVersionsResult' : undefined;
}

async function* bounded(body: Readable, root: string | undefined): AsyncGenerator<Uint8Array> {
  const tooSlow = new AnswerRefused('AnswerTooSlow', `the answer did not end within ${maxAnswerMs / 1000} s`);
  const timer = setTimeout(() => body.destroy(tooSlow), maxAnswerMs);
  let bytes = 0;
  let begin = root === undefined ? undefined : '';
  try {
    for await (const chunk of body as AsyncIterable<Uint8Array>) {
      bytes += chunk.length;
      if (bytes > maxAnswerBytes)
        throw new AnswerRefused('AnswerTooLarge', `the answer has more than ${maxAnswerBytes} bytes`);
      if (begin !== undefined) {
        begin += Buffer.from(chunk).toString('latin1');
        if (begin.length >= rootWithinBytes) {
          requireRoot(begin, root);
          begin = undefined;
        }
      }
      yield chunk;
    }
    if (begin !== undefined) requireRoot(begin, root);
  } finally {
    clearTimeout(timer);
  }
}

function requireRoot(begin: string, root: string | undefined): void {
  if (/^\s*(?:<\?xml[^>]*\?>\s*)?<([\w.-]+)[\s>/]/.exec(begin)?.[1] === root) return;
  throw new AnswerRefused('NoAnswer', `the answer is no ${root}`);
}

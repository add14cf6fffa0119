import type { IncomingMessage } from 'node:http';

/** Lambda's limit for the event of a synchronous call: a larger body can never reach a function. */
export const maxEventBytes = 6_291_456;

/** How a body ended: read whole, too large to read, or cut off because the client went away. */
export type BodyOutcome = { readonly body: Buffer } | 'too large' | 'aborted';

/** Reads a request's body, and stops keeping it as soon as it is more than a function can be given. */
export async function readBody(request: IncomingMessage): Promise<BodyOutcome> {
  if (announcesTooMuch(request)) return 'too large';
  const chunks: Buffer[] = [];
  let bytes = 0;
  return new Promise((resolve) => {
    request.on('data', (chunk: Buffer) => {
      bytes += chunk.length;
      if (bytes > maxEventBytes) resolve('too large');
      else chunks.push(chunk);
    });
    request.on('end', () => resolve({ body: Buffer.concat(chunks) }));
    request.on('error', () => resolve('aborted'));
  });
}

/** True when the content length alone says that the body is too large. */
export function announcesTooMuch(request: IncomingMessage): boolean {
  return Number(request.headers['content-length'] ?? 0) > maxEventBytes;
}

import { request } from 'node:http';

export interface RawAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  // biome-ignore lint/suspicious/noExplicitAny: what the body is, is what the tests ask
  readonly body: any;
}

/** Sends a request just as it is written: header names in any case and as often as they stand there, any bytes. */
export async function rawRequest(
  url: string,
  method: string,
  path: string,
  headers: readonly (readonly [name: string, value: string])[],
  body?: string | Uint8Array,
): Promise<RawAnswer> {
  const { hostname, port } = new URL(url);
  const sent = [
    ['Host', `${hostname}:${port}`],
    ...headers,
    ['Content-Length', String(Buffer.from(body ?? '').length)],
  ];
  return await new Promise((resolve, reject) => {
    const outgoing = request({ hostname, port, method, path, headers: sent.flat() }, async (incoming) => {
      const chunks: Buffer[] = [];
      for await (const chunk of incoming) chunks.push(chunk);
      const text = Buffer.concat(chunks).toString();
      const isJson = incoming.headers['content-type']?.includes('json');
      resolve({
        status: incoming.statusCode ?? 0,
        headers: incoming.headers,
        body: isJson ? JSON.parse(text) : text,
      });
    });
    outgoing.on('error', reject);
    outgoing.end(body);
  });
}

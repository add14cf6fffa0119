import { promisify } from 'node:util';
import { brotliCompress, constants, gzip } from 'node:zlib';
import { acceptedEncoding, type Encoding } from '../accepted-encoding.ts';
import type { HttpEvent, HttpMiddleware, HttpResult } from '../event.ts';

export interface CompressionOptions {
  /** Whether the answer of a route may be compressed. */
  readonly mayCompress: (routeKey: string) => boolean;
}

/** A smaller body fits into one packet with its head, compressed or not. */
const leastBytes = 1_200;

/** Higher levels take several times as long, and save a few percent of a page of JSON. */
const brotliOptions = { params: { [constants.BROTLI_PARAM_QUALITY]: 4 } };

const compressors: Readonly<Record<Encoding, (body: string) => Promise<Buffer>>> = {
  br: (body) => promisify(brotliCompress)(body, brotliOptions),
  gzip: (body) => promisify(gzip)(body),
};

/**
 * Compresses large answers for callers that accept it: an HTTP API of API Gateway does not. Only a success of a route for which
 * `mayCompress` says yes is compressed.
 *
 * The length of a compressed body shows how much of it repeats. Somebody who can choose a part of an answer, and see how long
 * it is on the wire, could guess a secret in the rest (BREACH). So no answer with a secret may be compressed.
 *
 * @example
 * middy().use(requestContext()).use(compression({ mayCompress: (key) => operations[key].isList })).handler(…)
 */
export function compression({ mayCompress }: CompressionOptions): HttpMiddleware {
  async function compressionAfter({ event, response }: Answered): Promise<void> {
    if (response?.statusCode !== 200 || !mayCompress(event.routeKey)) return;
    // Also of an answer that stays as it is: another caller gets another one.
    response.headers.vary = 'accept-encoding';
    const encoding = acceptedEncoding(event.headers['accept-encoding']);
    if (!encoding || Buffer.byteLength(response.body) < leastBytes) return;
    const compressed = await compressors[encoding](response.body);
    response.headers['content-encoding'] = encoding;
    response.body = compressed.toString('base64');
    response.isBase64Encoded = true;
  }

  return { after: compressionAfter };
}

interface Answered {
  readonly event: HttpEvent;
  readonly response: HttpResult | null | undefined;
}

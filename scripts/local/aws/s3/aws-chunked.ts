import { AwsError } from '../aws-error.ts';

/** Longer lines are not chunk sizes and not trailers. */
const maxLineBytes = 4_096;

/**
 * Takes the payload out of a body in `aws-chunked` encoding, which the SDK uses when it cannot know the checksum
 * before it has sent the bytes: sizes in hex, then the bytes, and behind the last chunk the trailers.
 * @throws AwsError IncompleteBody when the body ends early, InvalidRequest when it is not in this encoding
 */
export async function* decodeAwsChunked(
  source: AsyncIterable<Uint8Array>,
  onTrailer: (name: string, value: string) => void,
): AsyncGenerator<Uint8Array> {
  let buffer = Buffer.alloc(0);
  let state: 'size' | 'data' | 'data-end' | 'trailers' | 'done' = 'size';
  let left = 0;

  const takeLine = () => {
    const end = buffer.indexOf('\r\n');
    if (end < 0 && buffer.length > maxLineBytes) throw notChunked();
    if (end < 0) return undefined;
    const line = buffer.subarray(0, end).toString('latin1');
    buffer = buffer.subarray(end + 2);
    return line;
  };

  for await (const piece of source) {
    buffer = buffer.length === 0 ? Buffer.from(piece) : Buffer.concat([buffer, piece]);
    for (let isStuck = false; !isStuck; ) {
      if (state === 'data') {
        const data = buffer.subarray(0, left);
        buffer = buffer.subarray(data.length);
        left -= data.length;
        if (data.length > 0) yield data;
        if (left === 0) state = 'data-end';
        else isStuck = true;
        continue;
      }
      const line = state === 'done' ? undefined : takeLine();
      if (line === undefined) {
        isStuck = true;
      } else if (state === 'size') {
        left = sizeOf(line);
        state = left === 0 ? 'trailers' : 'data';
      } else if (state === 'data-end') {
        if (line !== '') throw notChunked();
        state = 'size';
      } else if (line === '') {
        state = 'done';
      } else {
        const colon = line.indexOf(':');
        onTrailer(line.slice(0, colon).trim().toLowerCase(), line.slice(colon + 1).trim());
      }
    }
  }
  if (state !== 'done') throw incompleteBody();
}

function sizeOf(line: string): number {
  const [, hex] = /^([\da-f]{1,8})(;.*)?$/i.exec(line) ?? [];
  if (hex === undefined) throw notChunked();
  return Number.parseInt(hex, 16);
}

function notChunked(): AwsError {
  return new AwsError('InvalidRequest', 400, 'The body is not in aws-chunked encoding.');
}

export function incompleteBody(): AwsError {
  return new AwsError(
    'IncompleteBody',
    400,
    'You did not provide the number of bytes specified by the Content-Length HTTP header',
  );
}

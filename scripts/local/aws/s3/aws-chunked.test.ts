import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { decodeAwsChunked } from './aws-chunked.ts';

/** The body as it is on the wire, in pieces of `pieceBytes`. */
async function* wire(text: string, pieceBytes: number): AsyncGenerator<Buffer> {
  const bytes = Buffer.from(text, 'latin1');
  for (let start = 0; start < bytes.length; start += pieceBytes)
    yield bytes.subarray(start, start + pieceBytes);
}

async function decode(text: string, pieceBytes = 7) {
  const trailers: [string, string][] = [];
  const pieces: Uint8Array[] = [];
  for await (const piece of decodeAwsChunked(wire(text, pieceBytes), (...each) => trailers.push(each))) {
    pieces.push(Buffer.from(piece));
  }
  return { body: Buffer.concat(pieces).toString('latin1'), trailers };
}

test('the payload comes out however it was cut, and the trailers with it', async () => {
  const chunk = fc.string({ minLength: 1, maxLength: 40 });
  await fc.assert(
    fc.asyncProperty(fc.array(chunk), fc.integer({ min: 1, max: 50 }), async (chunks, pieceBytes) => {
      const body = chunks.map((each) => `${each.length.toString(16)}\r\n${each}\r\n`).join('');
      const decoded = await decode(`${body}0\r\nx-amz-checksum-crc32:AAAA==\r\n\r\n`, pieceBytes);
      expect(decoded).toEqual({
        body: chunks.join(''),
        trailers: [['x-amz-checksum-crc32', 'AAAA==']],
      });
    }),
  );
});

test.each(['5\r\nhel', '5\r\nhello\r\n', '5\r\nhello\r\n0\r\n', '5\r\nhello\r\n0\r\na:b\r\n', ''])(
  'a body that ends early is incomplete: %j',
  async (text) => {
    await expect(decode(text)).rejects.toMatchObject({ code: 'IncompleteBody' });
  },
);

test.each(['hello\r\n', '5\r\nhello!\r\n', '-1\r\n', `${'1'.repeat(5_000)}`])(
  'it refuses %j',
  async (text) => {
    await expect(decode(text)).rejects.toMatchObject({ code: 'InvalidRequest' });
  },
);

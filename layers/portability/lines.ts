import { createReadStream } from 'node:fs';
import { PortabilityError } from './portability-error.ts';

/** No row is that long. A file without line feeds must not fill the memory. */
const longestLineBytes = 256 * 1024 * 1024;

/**
 * The lines of a file, one by one, without their line feeds. A last line without a line feed counts.
 * Only line feeds end a line: U+2028 and similar characters are content.
 * @throws PortabilityError when a line is longer than any row
 */
export async function* readLines(path: string, longestBytes = longestLineBytes): AsyncGenerator<Buffer> {
  let rest: Buffer[] = [];
  let restBytes = 0;
  for await (const chunk of createReadStream(path, { highWaterMark: 256 * 1024 }) as AsyncIterable<Buffer>) {
    let start = 0;
    for (let end = chunk.indexOf(0x0a); end >= 0; end = chunk.indexOf(0x0a, start)) {
      const tail = chunk.subarray(start, end);
      yield rest.length > 0 ? Buffer.concat([...rest, tail]) : tail;
      rest = [];
      restBytes = 0;
      start = end + 1;
    }
    if (start < chunk.length) {
      rest.push(chunk.subarray(start));
      restBytes += chunk.length - start;
    }
    if (restBytes > longestBytes) {
      throw new PortabilityError(
        `${path} has a line of more than ${longestBytes} bytes`,
        'It is not a file of an export: use the export as it was written.',
      );
    }
  }
  if (rest.length > 0) yield Buffer.concat(rest);
}

/** Groups lines. A group has at most this many lines, and exceeds the number of bytes by less than one line. */
export async function* inBatches(
  lines: AsyncIterable<Buffer>,
  limits: { readonly lines: number; readonly bytes: number },
): AsyncGenerator<string[]> {
  let batch: string[] = [];
  let bytes = 0;
  for await (const line of lines) {
    batch.push(line.toString());
    bytes += line.length;
    if (batch.length >= limits.lines || bytes >= limits.bytes) {
      yield batch;
      batch = [];
      bytes = 0;
    }
  }
  if (batch.length > 0) yield batch;
}

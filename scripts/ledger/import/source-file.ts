import { createHash } from 'node:crypto';
import { type FileHandle, open } from 'node:fs/promises';
import { pipeline } from 'node:stream/promises';
import { createGunzip } from 'node:zlib';
import { CommandError, UsageError } from '../../cli/failure.ts';

/** A file to import, after one complete read. */
export interface SourceFile {
  /** SHA-256 of its bytes. */
  readonly digest: Buffer;
  /** The number of lines, with the header. */
  readonly lineCount: number;
  /** The text, decompressed. */
  readonly read: () => AsyncGenerator<Buffer>;
  readonly close: () => Promise<void>;
}

const chunkBytes = 131_072;
const lineFeed = 10;

/**
 * Opens a CSV or gzipped CSV file (the content decides, not the name) and reads it once from start to end: for its digest
 * and its length, and to be sure that it is complete. A truncated gzip file must be found before any line is applied:
 * the complete file has another digest, and would import the first part a second time.
 * @throws UsageError when it cannot be read; CommandError when it is damaged
 */
export async function openSourceFile(path: string, signal?: AbortSignal): Promise<SourceFile> {
  const handle = await open(path).catch((error: NodeJS.ErrnoException) => {
    throw new UsageError(`cannot read ${path}: ${error.message}`);
  });
  try {
    const before = await handle.stat({ bigint: true });
    if (!before.isFile()) throw new UsageError(`${path} is not a file`);
    const bytes = Number(before.size);
    const isGzip = (await handle.read(Buffer.alloc(2), 0, 2, 0)).buffer.equals(Buffer.of(0x1f, 0x8b));

    const hash = createHash('sha256');
    let lineCount = 0;
    let lastByte = lineFeed;
    const passing = read(handle, path, { bytes, isGzip, onRaw: (chunk) => hash.update(chunk) });
    for await (const chunk of passing) {
      signal?.throwIfAborted();
      for (let at = chunk.indexOf(lineFeed); at >= 0; at = chunk.indexOf(lineFeed, at + 1)) lineCount += 1;
      lastByte = chunk.at(-1) ?? lastByte;
    }
    if (lastByte !== lineFeed) lineCount += 1;

    return {
      digest: hash.digest(),
      lineCount,
      async *read() {
        yield* read(handle, path, { bytes, isGzip });
        const after = await handle.stat({ bigint: true });
        if (after.size !== before.size || after.mtimeNs !== before.mtimeNs) {
          throw new CommandError(
            `${path} changed during the import`,
            'The applied lines stay. Compare the file with the ledger before you import it again.',
          );
        }
      },
      close: () => handle.close(),
    };
  } catch (error) {
    await handle.close();
    throw error;
  }
}

async function* read(
  handle: FileHandle,
  path: string,
  options: { bytes: number; isGzip: boolean; onRaw?: (chunk: Buffer) => void },
): AsyncGenerator<Buffer> {
  const raw = rawChunks(handle, options.bytes, options.onRaw);
  if (!options.isGzip) {
    yield* raw;
    return;
  }
  const gunzip = createGunzip({ chunkSize: chunkBytes });
  const feeding = pipeline(raw, gunzip);
  feeding.catch(() => {});
  try {
    for await (const chunk of gunzip) yield chunk;
    await feeding;
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (!code?.startsWith('Z_')) throw error;
    throw new CommandError(
      `${path} is damaged: ${message}`,
      'It may be truncated or still being written. Get the complete file and run the import again.',
      { cause: error },
    );
  }
}

async function* rawChunks(
  handle: FileHandle,
  bytes: number,
  onRaw: (chunk: Buffer) => void = () => {},
): AsyncGenerator<Buffer> {
  for (let position = 0; position < bytes; ) {
    const { bytesRead, buffer } = await handle.read(Buffer.allocUnsafe(chunkBytes), 0, chunkBytes, position);
    if (bytesRead === 0) return;
    const chunk = buffer.subarray(0, bytesRead);
    onRaw(chunk);
    yield chunk;
    position += bytesRead;
  }
}

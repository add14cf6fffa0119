import { createHash } from 'node:crypto';
import { type FileHandle, open } from 'node:fs/promises';
import { pipeline } from 'node:stream/promises';
import { createGunzip } from 'node:zlib';
import { CommandError, UsageError } from '../../cli/failure.ts';

/** A file to import, read once from end to end already. */
export interface SourceFile {
  /** SHA-256 of its bytes. */
  readonly digest: Buffer;
  /** How many lines it has, the header too. */
  readonly lineCount: number;
  /** The text, decompressed. */
  readonly read: () => AsyncGenerator<Buffer>;
  readonly close: () => Promise<void>;
}

const chunkBytes = 131_072;
const lineFeed = 10;

/**
 * Opens a CSV or CSV.gz file (told by its content, not its name) and reads it through once: for its digest, its
 * length, and to know that it is whole. A compressed file that was cut off is found before a line of it is applied;
 * later, the whole file would count as another one, and its first part would be imported twice.
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
            `${path} was changed while it was imported`,
            'What was applied stays. Compare the file with the ledger before you import it again.',
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
      'It may be cut off, or still being written: get it whole and run the import again.',
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

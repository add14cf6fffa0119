import pg from 'pg';

/** Receives the bytes of a row, and the position where its fields begin. The number of fields comes first. */
export type OnRow = (bytes: Buffer, start: number) => void;

/** Before the first row: the signature, the flags and the length of the header extension. */
const headerBytes = 19;

/**
 * Passes on the rows of a query as COPY writes them in binary, without building a JavaScript object for each row. The
 * bytes are valid only until `onRow` returns. The query takes no parameters.
 */
export async function copyRows(client: pg.ClientBase, query: string, onRow: OnRow): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    let failure: unknown;
    let isFirst = true;
    const copy = new CopyOut(
      `copy (${query}) to stdout (format binary)`,
      (chunk) => {
        const start = isFirst ? headerBytes + chunk.readInt32BE(headerBytes - 4) : 0;
        isFirst = false;
        // A row of -1 fields marks the end. A failure here must not leave the connection in the middle of a message.
        if (failure !== undefined || chunk.readInt16BE(start) < 0) return;
        try {
          onRow(chunk, start);
        } catch (error) {
          failure = error;
        }
      },
      (error: Error | null) => {
        const whatFailed = error ?? failure;
        if (whatFailed) reject(whatFailed);
        else resolve();
      },
    );
    client.query(copy);
  });
}

/** A query whose rows arrive as COPY messages, one row in each, as the protocol guarantees. */
class CopyOut extends pg.Query {
  private readonly onChunk: (chunk: Buffer) => void;

  constructor(text: string, onChunk: (chunk: Buffer) => void, callback: (error: Error | null) => void) {
    super(text, callback as never);
    this.onChunk = onChunk;
  }

  handleCopyData({ chunk }: { readonly chunk: Buffer }): void {
    this.onChunk(chunk);
  }
}

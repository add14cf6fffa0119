import pg from 'pg';

/** Is given the bytes of a row, and where in them its fields begin: the number of fields comes first. */
export type OnRow = (bytes: Buffer, start: number) => void;

/** The signature, flags, and the length of what else there is, before the first row. */
const headerBytes = 19;

/**
 * Hands out the rows of a query as COPY writes them in binary: nothing is made of a row that nobody asked for. The bytes
 * are only good until `onRow` returns. The query takes no parameters.
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
        // The end is a row of -1 fields. What fails here must not fail in the midst of the connection.
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

/** A query whose rows come as messages of COPY, one each, as the protocol promises. */
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

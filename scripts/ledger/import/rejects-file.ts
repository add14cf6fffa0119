import { access, constants, type FileHandle, open, readdir, rename, rm } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { cellOf, rejectColumns } from '#ledger/imports/csv/spreadsheet-cell.ts';
import type { Reject } from '#ledger/imports/rejects.ts';
import { UsageError } from '../../cli/failure.ts';

/** The rejected lines of a file, as a CSV file that the user can correct and import, also in a spreadsheet: no cell is a formula. */
export interface RejectsFile {
  readonly path: string;
  readonly write: (reject: Reject) => Promise<void>;
  /** Moves the complete file into place. Without rejects, deletes the file of an earlier run. */
  readonly finish: () => Promise<void>;
  /** Leaves everything as it was. */
  readonly discard: () => Promise<void>;
}

const bufferedBytes = 65_536;

/**
 * Prepares the rejects file of an import. It is written under a temporary name and renamed when it is complete, so that no
 * run leaves half a list. `header` is the file's own header; the columns for line and reason come before it.
 */
export async function createRejectsFile(
  path: string,
  format: { readonly delimiter: string; readonly header: () => readonly string[] },
): Promise<RejectsFile> {
  const folder = dirname(path);
  await access(folder, constants.W_OK).catch((error: NodeJS.ErrnoException) => {
    throw new UsageError(
      `cannot write rejects to ${folder}: ${error.message}`,
      'Choose another file with --rejects.',
    );
  });
  await removeLeftovers(path);
  const partial = `${path}.${process.pid}.partial`;
  let file: FileHandle | undefined;
  let waiting: Buffer[] = [];
  let waitingBytes = 0;

  async function flush(): Promise<void> {
    file ??= await open(partial, 'w');
    await file.writev(waiting.splice(0));
    waitingBytes = 0;
  }

  function add(fields: readonly (string | number)[], encoding: BufferEncoding): void {
    const line = `${fields.map((field) => quoted(cellOf(String(field)), format.delimiter)).join(format.delimiter)}\n`;
    const bytes = Buffer.from(line, encoding);
    waiting.push(bytes);
    waitingBytes += bytes.length;
  }

  return {
    path,
    async write({ line, reason, record }) {
      if (!file && waiting.length === 0) add([...rejectColumns, ...format.header()], 'utf8');
      // An unreadable record keeps its bytes, so that the fault stays visible.
      if (record.fault) add([line, Buffer.from(reason).toString('latin1'), ...record.fields], 'latin1');
      else add([line, reason, ...record.fields], 'utf8');
      if (waitingBytes >= bufferedBytes) await flush();
    },
    async finish() {
      if (!file && waiting.length === 0) return rm(path, { force: true });
      await flush();
      await file?.sync();
      await file?.close();
      await rename(partial, path);
    },
    async discard() {
      await file?.close();
      waiting = [];
      await rm(partial, { force: true });
    },
  };
}

/** The default path: beside the file, or in the current folder when that folder is read-only. */
export async function rejectsPath(file: string): Promise<string> {
  const name = `${basename(file)}.rejects.csv`;
  const isWritable = await access(dirname(file), constants.W_OK).then(
    () => true,
    () => false,
  );
  return isWritable ? join(dirname(file), name) : resolve(name);
}

/** Deletes the partial files of killed runs. A partial file of a running process stays. */
async function removeLeftovers(path: string): Promise<void> {
  const prefix = `${basename(path)}.`;
  for (const name of await readdir(dirname(path))) {
    const [, pid] = name.startsWith(prefix) ? (/^(\d+)\.partial$/.exec(name.slice(prefix.length)) ?? []) : [];
    if (pid && !isRunning(Number(pid))) await rm(join(dirname(path), name), { force: true });
  }
}

function isRunning(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

function quoted(field: string, delimiter: string): string {
  return field.includes(delimiter) || /["\r\n]/.test(field) ? `"${field.replaceAll('"', '""')}"` : field;
}

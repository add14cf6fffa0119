import { access, constants, type FileHandle, open, readdir, rename, rm } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import type { Reject } from '#ledger/imports/rejects.ts';
import { UsageError } from '../../cli/failure.ts';

/** The lines of a file that were not applied, as a CSV of their own that can be corrected and imported. */
export interface RejectsFile {
  readonly path: string;
  readonly write: (reject: Reject) => Promise<void>;
  /** Puts the file in its place, whole; without rejects there is none, and one of an earlier run goes. */
  readonly finish: () => Promise<void>;
  /** Leaves everything as it was. */
  readonly discard: () => Promise<void>;
}

const bufferedBytes = 65_536;

/**
 * Prepares the rejects file of an import. It is written beside its place and moved there when it is complete, so that
 * no run ever leaves half a list. `header` are the file's own columns; line and reason come before them.
 */
export async function createRejectsFile(
  path: string,
  format: { readonly delimiter: string; readonly header: () => readonly string[] },
): Promise<RejectsFile> {
  const folder = dirname(path);
  await access(folder, constants.W_OK).catch((error: NodeJS.ErrnoException) => {
    throw new UsageError(
      `cannot write rejects to ${folder}: ${error.message}`,
      'Name another place with --rejects.',
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
    const line = `${fields.map((field) => quoted(String(field), format.delimiter)).join(format.delimiter)}\n`;
    const bytes = Buffer.from(line, encoding);
    waiting.push(bytes);
    waitingBytes += bytes.length;
  }

  return {
    path,
    async write({ line, reason, record }) {
      if (!file && waiting.length === 0) add(['reject_line', 'reject_reason', ...format.header()], 'utf8');
      // A record that could not be read is there byte by byte, and goes back so: what was wrong stays visible.
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

/** Beside the file; in the current folder when that one cannot be written to. */
export async function rejectsPath(file: string): Promise<string> {
  const name = `${basename(file)}.rejects.csv`;
  const isWritable = await access(dirname(file), constants.W_OK).then(
    () => true,
    () => false,
  );
  return isWritable ? join(dirname(file), name) : resolve(name);
}

/** A run that was killed leaves its partial file; it goes with the next run, unless its process is still at it. */
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

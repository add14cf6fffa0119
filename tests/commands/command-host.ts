/**
 * A process that has loaded the commands already and runs them one after the other: loading takes ten times as long as
 * most of them. Each has the command line, the environment and the exit code of a process of its own, and is only over
 * when nothing of it would keep such a process from ending.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { inspect } from 'node:util';
import { closeAwsClients } from '#platform/aws/call.ts';
import { closeDatabase } from '#platform/postgres/database.ts';

/** One command to run. */
export interface Order {
  /** The URL of its file. */
  readonly file: string;
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string | undefined>>;
}

/** What it came to. */
export interface Ended {
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
}

const mostMs = 15_000;
let count = 0;
let kept: readonly string[];

process.on('disconnect', () => process.exit());
process.on('message', async (order: Order) => {
  kept ??= process.getActiveResourcesInfo();
  process.send?.(await execute(order));
});

async function execute({ file, args, env }: Order): Promise<Ended> {
  setEnvironment(env);
  process.argv = [process.execPath, file, ...args];
  process.exitCode = undefined;
  const stdout = capture(process.stdout);
  const stderr = capture(process.stderr);
  try {
    count += 1;
    // Evaluated again, but not the modules that it imports.
    await import(`${file}?run=${count}`);
    await nothingLeft();
    return { exitCode: Number(process.exitCode ?? 0), stdout: stdout.text(), stderr: stderr.text() };
  } catch (error) {
    return { exitCode: 1, stdout: stdout.text(), stderr: `${stderr.text()}${inspect(error)}\n` };
  } finally {
    stdout.end();
    stderr.end();
    process.exitCode = undefined;
    // The next one has another environment.
    closeAwsClients();
    await closeDatabase();
  }
}

/** Waits as a process does that has run to its end: until no socket, timer or child is left that counts. */
async function nothingLeft(): Promise<void> {
  const begunAt = performance.now();
  for (;;) {
    const left = [...process.getActiveResourcesInfo()];
    for (const each of kept) if (left.includes(each)) left.splice(left.indexOf(each), 1);
    if (left.length === 0) return;
    if (performance.now() - begunAt > mostMs) throw new Error(`the command does not end: ${left.join(', ')}`);
    await delay(1);
  }
}

function setEnvironment(env: Order['env']): void {
  for (const name of Object.keys(process.env)) if (env[name] === undefined) delete process.env[name];
  for (const [name, value] of Object.entries(env)) if (value !== undefined) process.env[name] = value;
}

function capture(stream: NodeJS.WriteStream): { text(): string; end(): void } {
  const pieces: Buffer[] = [];
  const { write } = stream;
  const listeners = stream.listeners('error');
  stream.write = ((piece: string | Uint8Array, ...rest: unknown[]) => {
    pieces.push(Buffer.from(piece as string));
    const done = rest.find((each) => typeof each === 'function') as (() => void) | undefined;
    if (done) queueMicrotask(done);
    return true;
  }) as typeof write;
  return {
    text: () => Buffer.concat(pieces).toString('utf8'),
    end() {
      stream.write = write;
      // A command listens for a reader that goes away.
      for (const each of stream.listeners('error')) {
        if (!listeners.includes(each)) stream.off('error', each as () => void);
      }
    },
  };
}

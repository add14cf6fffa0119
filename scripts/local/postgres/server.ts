import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, fstatSync, openSync, readFileSync, renameSync, statSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import type { Account } from './account.ts';
import { StartFailure } from './failure.ts';
import { type GuardianOrder, stopMessage } from './guardian.ts';
import { readPostmaster, stopLeftover } from './postmaster.ts';

export interface ServerOptions {
  readonly program: string;
  readonly data: string;
  readonly logFile: string;
  /** TCP port on 127.0.0.1; a free one when absent. */
  readonly port?: number | undefined;
  readonly account?: Account | undefined;
  readonly settings: Readonly<Record<string, string>>;
  readonly processBytes?: number | undefined;
  /** How long the server may take to accept connections, recovery included. */
  readonly readyTimeoutMs?: number | undefined;
  /** Proposes a port when none is given; it need not stay free. */
  readonly proposePort?: () => Promise<number>;
}

/** A running server and the guardian that watches over it. */
export interface Server {
  readonly port: number;
  readonly pid: number;
  /** Settles when the server has ended, for whatever reason. */
  readonly ended: Promise<void>;
  stop(): Promise<void>;
}

/** Crash recovery of a large ledger takes its time; a server that has exited is noticed at once. */
const defaultReadyTimeoutMs = 120_000;
const pollMs = 10;
const attempts = 5;
const maxLogBytes = 10_000_000;

const portTaken = /could not bind|could not create any TCP\/IP sockets/;
const alreadyRunning = /lock file "postmaster\.pid" already exists/;

/**
 * Starts Postgres on a data folder and waits until it accepts connections.
 * A port that was free a moment ago may be taken by now: without a given port another one is tried.
 * @throws StartFailure with the last lines of the log when the server does not come up
 */
export async function startServer(options: ServerOptions): Promise<Server> {
  rotate(options.logFile);
  let said = '';
  for (let attempt = 1; attempt <= attempts; attempt++) {
    const port = options.port ?? (await (options.proposePort ?? freePort)());
    const outcome = await attemptStart(options, port);
    if (typeof outcome !== 'string') return outcome;
    said = outcome;
    if (alreadyRunning.test(said)) {
      // A guardian whose parent died was just starting its server: that server is a leftover too.
      await stopLeftover(options.data);
    } else if (!portTaken.test(said)) {
      break;
    } else if (options.port !== undefined) {
      throw new StartFailure(
        `port ${port} on 127.0.0.1 is taken by another program: choose another port, or none.`,
      );
    }
  }
  throw new StartFailure(
    `Postgres did not start on ${options.data}. Its log ends with:\n${lastLines(said)}\nThe whole log: ${options.logFile}`,
  );
}

/** Yields the running server, or what the server wrote to its log before it gave up. */
async function attemptStart(options: ServerOptions, port: number): Promise<Server | string> {
  const { readyTimeoutMs = defaultReadyTimeoutMs } = options;
  const leftByCrash = writtenAtNs(options.data);
  // Opened here and handed over: the account that runs the server needs no access to the log's folder.
  const log = openSync(options.logFile, 'a+', 0o600);
  try {
    const logStart = fstatSync(log).size;
    const guardian = spawnGuardian(options, port, log);
    let failure: Error | undefined;
    const ended = new Promise<void>((resolve) => {
      guardian.once('exit', () => resolve());
      guardian.once('error', (error) => {
        failure = error;
        resolve();
      });
    });
    let serverPid: number | undefined;
    guardian.on('message', (message: { pid?: number }) => {
      serverPid = message.pid;
    });
    const deadlineMs = Date.now() + readyTimeoutMs;
    while (!failure && guardian.exitCode === null && guardian.signalCode === null) {
      const postmaster = readPostmaster(options.data);
      // After a crash the file of the dead server still says ready, and in a container even its pid comes back.
      const isOurs = postmaster?.pid === serverPid && writtenAtNs(options.data) !== leftByCrash;
      if (postmaster?.ready && isOurs) {
        // A process that forgets to stop a cluster can still exit: the guardian then stops it.
        guardian.unref();
        guardian.channel?.unref();
        return { port, pid: postmaster.pid, ended, stop: () => stopServer(options.data, guardian, ended) };
      }
      if (Date.now() > deadlineMs) {
        await stopServer(options.data, guardian, ended);
        return `not ready after ${readyTimeoutMs / 1000} s\n${readFrom(options.logFile, logStart)}`;
      }
      await delay(pollMs);
    }
    return failure
      ? `cannot run ${process.execPath}: ${failure.message}`
      : readFrom(options.logFile, logStart);
  } finally {
    closeSync(log);
  }
}

function spawnGuardian(options: ServerOptions, port: number, log: number): ChildProcess {
  const settings = {
    ...options.settings,
    port: String(port),
    listen_addresses: '127.0.0.1',
    unix_socket_directories: '',
  };
  const order: GuardianOrder = {
    program: options.program,
    arguments: [
      '-D',
      options.data,
      ...Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`]),
    ],
    processBytes: options.processBytes,
    uid: options.account?.uid,
    gid: options.account?.gid,
  };
  return spawn(
    process.execPath,
    [fileURLToPath(new URL('./guardian.ts', import.meta.url)), JSON.stringify(order)],
    {
      cwd: '/',
      detached: true,
      env: { PATH: process.env.PATH, NODE_COMPILE_CACHE: process.env.NODE_COMPILE_CACHE },
      stdio: ['ignore', log, log, 'ipc'],
    },
  );
}

async function stopServer(data: string, guardian: ChildProcess, ended: Promise<void>): Promise<void> {
  guardian.ref();
  if (guardian.connected) guardian.send(stopMessage, () => {});
  await ended;
  // Somebody may have killed the guardian: then the server is still there.
  await stopLeftover(data);
}

/** A TCP port of 127.0.0.1 that is free now. Another program may take it before it is used. */
export async function freePort(): Promise<number> {
  const probe = createServer().listen(0, '127.0.0.1');
  await once(probe, 'listening');
  const address = probe.address();
  probe.close();
  await once(probe, 'close');
  if (address === null || typeof address === 'string')
    throw new StartFailure('the system gave no free TCP port.');
  return address.port;
}

function writtenAtNs(data: string): bigint | undefined {
  return statSync(join(data, 'postmaster.pid'), { bigint: true, throwIfNoEntry: false })?.mtimeNs;
}

function rotate(logFile: string): void {
  const bytes = statSync(logFile, { throwIfNoEntry: false })?.size ?? 0;
  if (bytes > maxLogBytes) renameSync(logFile, `${logFile}.1`);
}

function readFrom(file: string, start: number): string {
  return readFileSync(file).subarray(start).toString('utf8');
}

function lastLines(text: string): string {
  return text.trim().split('\n').slice(-15).join('\n');
}

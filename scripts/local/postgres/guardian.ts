/**
 * The process between Node and Postgres. It starts the server and stops it when told to, or when the process that
 * started it is gone: the channel to it closes, even after kill -9.
 * It lives in a session of its own, so that Ctrl-C in a terminal reaches only Node, which decides the order of
 * shutdown. Its output is the server's log.
 */
import { spawn } from 'node:child_process';
import { stopPatience } from './postmaster.ts';

/** What the guardian runs, as JSON in its first argument. */
export interface GuardianOrder {
  readonly program: string;
  readonly arguments: readonly string[];
  readonly processBytes?: number | undefined;
  readonly uid?: number | undefined;
  readonly gid?: number | undefined;
}

/**
 * What Postgres frees it soon needs again. With these, glibc keeps the memory instead of giving it back to the kernel, whose
 * page faults take longer than many queries.
 */
const keepMemory = {
  MALLOC_MMAP_THRESHOLD_: '33554432',
  MALLOC_TOP_PAD_: '1048576',
  MALLOC_TRIM_THRESHOLD_: '67108864',
};

/** Asks the guardian for an orderly stop. */
export const stopMessage = 'stop';

if (process.argv[2] !== undefined && import.meta.main) guard(JSON.parse(process.argv[2]) as GuardianOrder);

function guard(order: GuardianOrder): void {
  if (!process.connected) return; // the parent died before we came up
  const { program, processBytes } = order;
  // Node cannot limit a child. The shell becomes the server, and its process id stays.
  const limited = `ulimit -v ${Math.floor((processBytes ?? 0) / 1024)} && exec "$0" "$@"`;
  const [file, given] = processBytes
    ? ['/bin/sh', ['-c', limited, program, ...order.arguments]]
    : [program, order.arguments];
  const server = spawn(file, given, {
    uid: order.uid,
    gid: order.gid,
    cwd: '/',
    detached: true,
    env: { PATH: process.env.PATH, LC_ALL: 'C', ...keepMemory },
    stdio: ['ignore', 'inherit', 'inherit'],
  });
  if (server.pid !== undefined) process.send?.({ pid: server.pid }, () => {});
  let stopping = false;
  const stop = () => {
    if (stopping) return;
    stopping = true;
    server.kill('SIGINT');
    setTimeout(() => server.kill('SIGQUIT'), stopPatience.fastMs);
    setTimeout(() => server.kill('SIGKILL'), stopPatience.fastMs + stopPatience.immediateMs);
  };
  process.on('disconnect', stop);
  process.on('message', (message) => message === stopMessage && stop());
  process.on('SIGTERM', stop);
  process.on('SIGINT', stop);
  process.on('SIGHUP', () => {});
  server.on('error', (error) => {
    console.error(`cannot run ${order.program}: ${error.message}`);
    process.exit(127);
  });
  server.on('exit', (code, signal) => process.exit(signal ? 1 : (code ?? 1)));
}

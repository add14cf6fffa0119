import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

/** A server in a process of its own, so that it shares no processor time with the clients. */
export interface ServerProcess {
  readonly url: string;
  stop(): Promise<void>;
}

/** Starts a file of this folder, and waits until it says where it listens. */
export async function startServerProcess(
  file: string,
  env: Readonly<Record<string, string>>,
  args: readonly string[] = [],
): Promise<ServerProcess> {
  const child = fork(fileURLToPath(new URL(file, import.meta.url)), args, {
    env: { PATH: process.env.PATH, ...env },
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  });
  const [url] = await Promise.race([
    once(child, 'message'),
    once(child, 'exit').then(() => {
      throw new Error(`${file} ended before it listened`);
    }),
  ]);
  return {
    url,
    async stop() {
      const ended = once(child, 'exit');
      child.kill();
      await ended;
    },
  };
}

/** Says where a server of this process listens, and ends with the process that has started it. */
export function announce(url: string): void {
  process.on('disconnect', () => process.exit());
  process.send?.(url);
}

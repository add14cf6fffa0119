import { execFile } from 'node:child_process';
import { constants, openSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import { Socket } from 'node:net';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { promisify } from 'node:util';
import { paths } from '#scripts/paths.ts';
import { runFile } from './run.ts';

/**
 * What npm does with `npm run [--silent] SCRIPT [-- OPTIONS]`, and nothing for any other line. To start npm and Node takes
 * longer than most commands take, so this orders the command from the process of the test, which has one that is warm.
 */
export const orderingNpm = `#!/bin/sh
[ "$1" = run ] && shift || { echo "npm $1 is not run here" >&2; exit 97; }
[ "$1" != --silent ] || shift
script=$1; shift
file=$(sed -n "s/^ *\\"$script\\": \\"node \\([^ ]*\\)\\",*$/\\1/p" package.json)
[ -n "$file" ] || { echo "there is no script $script" >&2; exit 97; }
[ $# = 0 ] || [ "$1" = -- ] || { echo "npm takes $1 for itself" >&2; exit 97; }
[ $# = 0 ] || shift
order=$(mktemp -d)
env -0 > "$order/environment"
printf '%s\\0' "$file" "$@" > "$order/words"
mkfifo "$order/exit-code"
echo "$order" > "$STOCKADE_TEST_ORDERS"
read -r code < "$order/exit-code"
cat "$order/stdout"
cat "$order/stderr" >&2
exit "$code"
`;

/** Runs what the commands of a shell order, until it is disposed of. */
export async function takeOrders(
  folder: string,
): Promise<Disposable & { readonly env: Readonly<Record<string, string>> }> {
  const orders = join(folder, 'orders');
  await promisify(execFile)('sh', ['-c', `[ -p "$0" ] || mkfifo "$0"`, orders]);
  // Open for writing as well, it has no end while nobody orders anything.
  const socket = new Socket({ fd: openSync(orders, constants.O_RDWR | constants.O_NONBLOCK) });
  createInterface(socket).on('line', (order) => void take(order));
  return { env: { STOCKADE_TEST_ORDERS: orders }, [Symbol.dispose]: () => void socket.destroy() };
}

async function take(order: string): Promise<void> {
  const { exitCode, stdout, stderr } = await execute(order).catch((error: Error) => ({
    exitCode: 98,
    stdout: '',
    stderr: `${error.stack}\n`,
  }));
  await writeFile(join(order, 'stdout'), stdout);
  await writeFile(join(order, 'stderr'), stderr);
  await writeFile(join(order, 'exit-code'), `${exitCode}\n`);
}

async function execute(order: string): ReturnType<typeof runFile> {
  const [file = '', ...args] = await wordsIn(join(order, 'words'));
  const own = (await wordsIn(join(order, 'environment'))).map((word) => {
    const [, name = '', value = ''] = /^([^=]*)=([\s\S]*)$/.exec(word) ?? [];
    return [name, value] as const;
  });
  const none = Object.keys(process.env).map((name) => [name, undefined] as const);
  return await runFile(join(paths.root, file), args, Object.fromEntries([...none, ...own]));
}

/** Words that end with a NUL each. */
async function wordsIn(file: string): Promise<string[]> {
  return (await readFile(file, 'utf8')).split('\0').slice(0, -1);
}

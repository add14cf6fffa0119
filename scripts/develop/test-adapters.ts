import { fork } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { installPrisma } from '#tests/adapters/prisma/install.ts';
import { command } from '../cli/command.ts';
import { paths } from '../paths.ts';

await command({
  name: 'test:adapters',
  summary: 'Tests the adapters of the query libraries with the libraries themselves, Prisma too.',
  description: [
    'Prisma and what it brings weigh 300 MB, so `npm ci` leaves them out. The first run installs them into .stockade/prisma/',
    'and generates the client; that needs the registry, and no other host. `npm test` tests the other adapters alone.',
    'Delete the folder to get rid of them. Exit code 1 when a test fails.',
  ].join('\n'),
  examples: [{ type: '', does: 'installs Prisma if needed, and tests all adapters' }],
  run: async ({ signal, note }) => {
    const hasInstalled = await installPrisma(join(paths.data, 'prisma'), { signal, note });
    if (hasInstalled) note('Prisma is installed in .stockade/prisma/.');
    const tests = fork(join(paths.root, 'node_modules/vitest/vitest.mjs'), ['run', 'tests/adapters'], {
      cwd: paths.root,
      signal,
      env: { ...process.env, STOCKADE_TEST_ADAPTERS: 'all' },
      // The answer of the command has stdout for itself.
      stdio: ['ignore', 2, 2, 'ipc'],
    });
    const [code] = await once(tests, 'close');
    return {
      text: code === 0 ? 'Every adapter passes its tests.' : 'Tests of the adapters have failed: see above.',
      json: { passed: code === 0, hasInstalled },
      failed: code !== 0,
    };
  },
});

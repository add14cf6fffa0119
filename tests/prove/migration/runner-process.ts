// The migration in a process of its own, so that it can be killed: what the three commands run, with the parent asked before
// the switch.
import { once } from 'node:events';
import { allowSwitch } from '#portability/moving-in/before-switch.ts';
import { moveBalances, moveOrganizations } from '#portability/moving-in/move.ts';
import { lastOf } from '#portability/moving-in/steps.ts';
import { type MigrationEvent, migrate } from '#schema/migrations/migrate.ts';
import { paths } from '#scripts/paths.ts';
import type { FromRunner } from './runner.ts';

const tell = (message: FromRunner) => process.send?.(message);
const options = {
  connectionString: process.env.DATABASE_URL ?? '',
  directory: paths.migrations,
  onProgress: (event: MigrationEvent) => void tell({ kind: 'event', event }),
};

await moveOrganizations(options, {
  organization: { slug: 'shop', name: 'Shop' },
  everyone: 'clerk',
});
await moveBalances(options);
await migrate({
  ...options,
  wallFrom: lastOf.switch,
  beforeContract: async (file, client, run) => {
    await allowSwitch(file, client, run);
    tell({ kind: 'ready to switch' });
    await once(process, 'message');
  },
});
process.disconnect();

import '#tests/prove/quiet.ts';
import { rm } from 'node:fs/promises';
import { asSuperuser, cloneDatabase } from '#tests/prove/clone.ts';
import { showLockQueue } from '#tests/prove/migration/lock-queue.ts';
import { lockQueueText, runText } from '#tests/prove/migration/report.ts';
import { isPerfect, type MigrationRun, migrateUnderTraffic } from '#tests/prove/migration/results.ts';
import { createShop } from '#tests/prove/migration/shop.ts';
import { openPrograms } from '#tests/prove/migration/traffic.ts';
import { tallyOf } from '#tests/prove/tally.ts';
import { command } from '../cli/command.ts';
import * as option from '../cli/option.ts';
import { setLogins } from '../local/logins.ts';
import { startCluster } from '../local/postgres/cluster.ts';
import { makeScratchFolder } from '../local/postgres/scratch-folder.ts';

await command({
  name: 'prove:migration',
  summary:
    'Moves a populated single-tenant inventory in while its clients go on reading and writing, and proves that no request fails.',
  description: [
    'On a temporary Postgres, the old program works with 20 clients, under its own login, while `migrate:org`,',
    '`migrate:balance` and `migrate:all` run. At the switch the requests are held back, as a load balancer does, and go to',
    'the new API afterwards. No request may fail or wait longer than the lock budget (200 ms) and 300 ms, and no movement may',
    'be lost or doubled. Then once more, with the runner killed (-9) ten times. Exit code 1 when one of this does not hold.',
  ].join('\n'),
  options: {
    movements: option.integer({
      description: 'the number of movements that the inventory has',
      default: 1_000_000,
      min: 1_000,
      max: 100_000_000,
    }),
    clients: option.integer({ description: 'the number of clients', default: 20, min: 1, max: 80 }),
    pause: option.duration({
      description: 'the pause of a client between two requests, on average',
      default: 250,
    }),
    quiet: option.duration({
      description: 'how long the clients work before and after the migration',
      default: 20_000,
    }),
    kills: option.integer({
      description: 'how often the runner is killed in the second run; 0 for no second run',
      default: 10,
      min: 0,
      max: 10,
    }),
  },
  examples: [
    { type: '', does: 'moves a million movements in, twice' },
    { type: '--movements 20000 --quiet 2s', does: 'the same with a small inventory' },
  ],
  run: async ({ options, signal, note }) => {
    const directory = makeScratchFolder('prove');
    const cluster = await startCluster({ directory, durable: false, settings: { max_connections: '150' } });
    try {
      const size = {
        items: Math.max(20, Math.min(5_000, options.movements / 100)),
        locations: 12,
        movements: options.movements,
      };
      const shop = 'shop';
      await asSuperuser(cluster.url, (client) => client.query(`create database ${shop}`));
      const shopUrl = Object.assign(new URL(cluster.url), { pathname: shop }).href;
      await createShop(shopUrl, size, (rows) =>
        note(`the inventory has ${rows} of ${options.movements} movements`),
      );
      await setLogins(cluster.url);
      const runs: MigrationRun[] = [];
      for (const kills of options.kills > 0 ? [0, options.kills] : [0]) {
        signal.throwIfAborted();
        await using clone = await cloneDatabase(cluster.url, shop);
        const run = await migrateUnderTraffic(clone, openPrograms, {
          name: kills === 0 ? 'one run' : 'killed and continued',
          size,
          clients: options.clients,
          pauseMs: options.pause,
          quietMs: options.quiet,
          kills,
          signal,
        });
        note(runText(run));
        runs.push(run);
      }
      await asSuperuser(cluster.url, (client) => client.query('create database lock_queue'));
      const queueUrl = Object.assign(new URL(cluster.url), { pathname: 'lock_queue' }).href;
      const lockQueue = await showLockQueue(queueUrl, 3_000);
      return {
        text: [...runs.map(runText), lockQueueText(lockQueue)].join('\n'),
        json: { tally: tallyOf(runs, isPerfect), runs, lockQueue },
        failed: !runs.every(isPerfect),
      };
    } finally {
      await cluster.destroy();
      await rm(directory, { recursive: true, force: true });
    }
  },
});

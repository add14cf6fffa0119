import { readStatus } from '#portability/moving-in/status.ts';
import { readMigrations } from '#schema/book/migration-files.ts';
import { withClient } from '#schema/migrations/migrate.ts';
import { command } from '../cli/command.ts';
import { databaseOptions, findDatabaseUrl } from '../cli/database/database-url.ts';
import { paths } from '../paths.ts';
import { nextCommand, statusText } from './moving-in-answers.ts';

await command({
  name: 'migrate:status',
  summary:
    'Reports how far a database has moved in: what is done, what the old program may still do, what comes next.',
  description: 'It changes nothing, and you can run it while another command migrates.',
  options: databaseOptions,
  examples: [
    { type: '', does: 'reports on the local platform that `npm start` runs' },
    { type: '--database-url postgres://… --json', does: 'reports on that database, for programs' },
  ],
  run: async ({ options }) => {
    const connectionString = await findDatabaseUrl(options);
    const names = (await readMigrations(paths.migrations)).map(({ name }) => name);
    const status = await withClient({ connectionString, directory: paths.migrations }, (client) =>
      readStatus(client, names),
    );
    return { text: statusText(status), json: { ...status, command: nextCommand(status) } };
  },
});

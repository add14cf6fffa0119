import { existsSync } from 'node:fs';
import type { Client } from 'pg';
import { runScript } from '../script/run-script.ts';
import { resetSession } from './session.ts';

/**
 * Runs the file that puts the ledger's triggers under watch, as the connecting user, once the migrations are there.
 * A migrations directory that has no such file beside it has nothing to watch.
 * @throws MigrationError naming file and line when a statement fails
 */
export async function applyWatch(client: Client, watchFile: string): Promise<void> {
  if (!existsSync(watchFile)) return;
  await resetSession(client);
  await runScript(client, watchFile);
}

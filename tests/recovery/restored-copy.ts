import { randomUUID } from 'node:crypto';
import { afterAll } from 'vitest';
import { cloneDatabase, onCluster } from '#tests/template.ts';

/**
 * Copies a database as a restore does: every page of it at one instant. Every open connection is lost. The copies are
 * deleted at the end of the test file.
 */
export function openCopies(): (adminUrl: string) => Promise<string> {
  const created: string[] = [];
  afterAll(async () => {
    for (const name of created) await onCluster(`drop database if exists ${name} with (force)`);
  });
  return async (adminUrl) => {
    const source = new URL(adminUrl).pathname.slice(1);
    const name = `copy_${randomUUID().replaceAll('-', '')}`;
    created.push(name);
    await onCluster(`alter database ${source} allow_connections false`);
    await onCluster(
      `select pg_terminate_backend(pid, 5000) from pg_stat_activity where datname = '${source}'`,
    );
    await cloneDatabase(name, source);
    await onCluster(`alter database ${source} allow_connections true`);
    const url = new URL(adminUrl);
    url.pathname = name;
    return url.href;
  };
}

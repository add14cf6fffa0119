import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { Client } from 'pg';
import { connectNoted } from '#platform/postgres/connection-failures.ts';
import { TakenOver } from '../proofs/proof.ts';
import { type DBInstance, setMasterPassword } from '../rds/rds.ts';

/** The address and the login of a copy. */
export interface CopyAddress {
  readonly host: string;
  readonly port: number;
  readonly user: string;
  readonly password: string;
}

export interface OpenCopyOptions {
  readonly giveUpAt: number;
  readonly pollMs: number;
  readonly signal?: AbortSignal | undefined;
  /** Whether another run has already proven the copy, so that you need not open it any more. */
  readonly isJudged?: () => Promise<boolean>;
  /** Called with the reason why the copy does not accept connections, each time the reason changes. */
  readonly onWaiting?: ((why: string) => void) | undefined;
  /** Changes the master password. The default accepts only drill instances. */
  readonly setPassword?: (identifier: string, password: string) => Promise<void>;
}

/**
 * Sets a new master password for a copy and returns its URL once the copy accepts it. Nobody needs to know or keep the
 * password: the next run of the drill sets another one.
 * @throws TakenOver when another run has proven the copy meanwhile
 * @throws the error of the connection when the copy does not accept it before `giveUpAt`
 */
export async function openCopy(
  instance: DBInstance,
  urlOf: (address: CopyAddress) => string,
  {
    giveUpAt,
    pollMs,
    signal,
    isJudged = async () => false,
    onWaiting,
    setPassword = setMasterPassword,
  }: OpenCopyOptions,
): Promise<string> {
  const { DBInstanceIdentifier: identifier = '', Endpoint: endpoint, MasterUsername: user = '' } = instance;
  if (!endpoint?.Address || !endpoint.Port) throw new Error(`${identifier} has no endpoint`);
  const password = randomBytes(24).toString('base64url');
  await setPassword(identifier, password);
  const url = urlOf({ host: endpoint.Address, port: endpoint.Port, user, password });
  let said: string | undefined;
  for (;;) {
    signal?.throwIfAborted();
    try {
      await ask(url);
      return url;
    } catch (error) {
      if (await isJudged()) throw new TakenOver();
      if (Date.now() > giveUpAt) throw error;
      const { message } = error as Error;
      if (message !== said) onWaiting?.(message);
      said = message;
      await sleep(pollMs, undefined, { signal });
    }
  }
}

async function ask(connectionString: string): Promise<void> {
  const client = new Client({ connectionString, connectionTimeoutMillis: 5_000 });
  try {
    await connectNoted(client);
    await client.query('select');
  } finally {
    await client.end().catch(() => {});
  }
}

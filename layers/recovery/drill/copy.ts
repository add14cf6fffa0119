import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { Client } from 'pg';
import { TakenOver } from '../proofs/proof.ts';
import { type DBInstance, setMasterPassword } from '../rds/rds.ts';

/** Where a copy is to be reached, and as whom. */
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
  /** Whether there is nothing to open it for any more, because somebody else has proven it. */
  readonly isJudged?: () => Promise<boolean>;
  /** Called with why it lets nobody in, whenever that is another reason than before. */
  readonly onWaiting?: ((why: string) => void) | undefined;
  /** Gives the master another password; without it, of a drill's instance and no other. */
  readonly setPassword?: (identifier: string, password: string) => Promise<void>;
}

/**
 * Makes oneself the master of a copy and answers the URL to it, once it lets us in. Nobody has to know or keep a
 * password: whoever goes on with the drill sets another one.
 * @throws TakenOver when somebody else has proven it meanwhile
 * @throws when it does not let us in before `giveUpAt`
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
  client.on('error', () => {});
  try {
    await client.connect();
    await client.query('select');
  } finally {
    await client.end().catch(() => {});
  }
}

import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach } from 'vitest';
import { run } from '#tests/commands/run.ts';
import { type ImportDatabase, openDatabase } from './database.ts';
import { newOrganization } from './engine.ts';

/** What a person needs who types `npm run import`: a folder of files, a profile in it, and an organization. */
export interface CommandWorld {
  readonly database: ImportDatabase;
  readonly folder: string;
  /** The path of the profile of `sku,qty,ref`. */
  readonly profile: string;
  /** A new one for each test. */
  readonly org: { readonly id: string; readonly slug: string };
  /** Writes a file into the folder and gives its path. */
  write(name: string, content: object | string | Buffer): Promise<string>;
  /** Runs the command to its end. */
  type(...args: readonly string[]): Promise<{ out: string; err: string; code: number }>;
}

/** Gives the tests of a file all of that. Call it at the top of the file and use what it returns inside tests. */
export function openCommand(): CommandWorld {
  const database = openDatabase();
  let folder: string;
  let profile: string;
  let org: CommandWorld['org'];

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'stockade-import-'));
    profile = await write('profile.json', {
      sku: { column: 'sku' },
      quantity: { column: 'qty', sign: 'in' },
      location: { constant: 'main' },
      reference: { column: 'ref' },
      items: { allowNegative: true },
    });
  });
  afterAll(() => rm(folder, { recursive: true }));
  beforeEach(async () => {
    org = await newOrganization(database);
  });

  async function write(name: string, content: object | string | Buffer): Promise<string> {
    const path = join(folder, name);
    const isText = typeof content === 'string' || Buffer.isBuffer(content);
    await writeFile(path, isText ? content : JSON.stringify(content));
    return path;
  }

  return {
    database,
    get folder() {
      return folder;
    },
    get profile() {
      return profile;
    },
    get org() {
      return org;
    },
    write,
    async type(...args) {
      const typed = await run('ledger/import.ts', ['--database-url', database.url, ...args]);
      return { out: typed.stdout, err: typed.stderr, code: typed.exitCode };
    },
  };
}

/** A file of so many lines, a few of them bad, and what is on hand after it. */
export function someLines(count: number) {
  const onHand: Record<string, number> = {};
  const lines = Array.from({ length: count }, (_, index) => {
    const sku = `S${index % 37}`;
    if (index % 101 === 100) return `${sku},nothing,r${index}`;
    const quantity = (index % 19) - 9 || 10;
    onHand[sku] = (onHand[sku] ?? 0) + quantity;
    return `${sku},${quantity},r${Math.floor(index / 3)}`;
  });
  return {
    text: `sku,qty,ref\n${lines.join('\n')}\n`,
    onHand,
    bad: lines.filter((line) => line.includes('nothing')).length,
  };
}

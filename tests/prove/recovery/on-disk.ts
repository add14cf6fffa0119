import { open } from 'node:fs/promises';
import { join } from 'node:path';
import type { ProofName } from '#recovery/proofs/proof.ts';
import { asSuperuser } from '../clone.ts';
import { type Sabotage, saidByProofs } from './sabotage.ts';

/** Bits that have turned over in a page of a relation. */
interface Flip {
  readonly name: string;
  readonly relation: string;
  /** The table whose rows are counted. */
  readonly table: string;
  /** Whether count(*) of it tells nothing: then whoever takes it for a proof is shown wrong. */
  readonly countsAsBefore: boolean;
  readonly page: number;
  readonly offset: number;
  readonly bits: number;
  /** Whether checksums of pages are looked at: below them is where other kinds of damage are met. */
  readonly checksums: boolean;
  /** Those that look at every page of its kind. */
  readonly found: readonly ProofName[];
  /** Those that read the rows of it, which they may do by an index or not. */
  readonly read: readonly ProofName[];
  readonly says: RegExp;
}

const flips: readonly Flip[] = [
  {
    name: 'index page corrupted, as its checksum tells',
    relation: 'inventory.balances_pkey',
    table: 'inventory.balances',
    countsAsBefore: true,
    page: 1,
    offset: 8150,
    bits: 0xff,
    checksums: true,
    found: ['indexes'],
    read: ['balances'],
    says: /invalid page in block 1/,
  },
  {
    name: 'index corrupted, where checksums tell nothing',
    relation: 'inventory.balances_pkey',
    table: 'inventory.balances',
    countsAsBefore: true,
    page: 1,
    offset: 8150,
    bits: 0xff,
    checksums: false,
    found: ['indexes'],
    read: ['balances'],
    says: /heap tuple .* lacks matching index tuple|item order invariant|heap tid/i,
  },
  {
    name: 'heap page corrupted, as its checksum tells',
    relation: 'inventory.items',
    table: 'inventory.items',
    countsAsBefore: false,
    page: 0,
    offset: 8000,
    bits: 0xff,
    checksums: true,
    found: ['heap', 'indexes', 'references'],
    read: ['balances'],
    says: /invalid page in block 0/,
  },
  {
    name: 'heap page corrupted, where checksums tell nothing',
    relation: 'inventory.items',
    table: 'inventory.items',
    countsAsBefore: true,
    page: 0,
    // The length of the first row: 8192 bytes more than it has.
    offset: 27,
    bits: 0x40,
    checksums: false,
    found: ['heap'],
    read: ['indexes', 'references', 'balances'],
    says: /inventory\.items, page 0, row 1: line pointer .* ends beyond/,
  },
  {
    name: 'row as if it had never been, where checksums tell nothing',
    relation: 'inventory.items',
    table: 'inventory.items',
    countsAsBefore: false,
    page: 0,
    offset: 25,
    // It says that there is no row.
    bits: 0x80,
    checksums: false,
    found: ['references'],
    read: ['balances'],
    says: /^inventory\.balances: .*Key \(org_id, item_id\)=.* is not present in table "items"/m,
  },
];

const pageBytes = 8192;

/** Damage to the files of a restored cluster, done while it is stopped. */
export const onDisk: readonly Sabotage[] = flips.map((damage) => ({
  name: damage.name,
  tellers: damage.found.map((proof) => `proof ${proof}` as const),
  mayTell: damage.read.map((proof) => `proof ${proof}` as const),
  says: damage.says,
  async commit(stage) {
    const { relation, table, page, offset, bits } = damage;
    const count = `select count(*) from ${table}`;
    let before = '';
    await using copy = await stage.restore({
      async ask(url) {
        before = await answerTo(url, count);
        const path = await answerTo(url, `select pg_relation_filepath('${relation}')`);
        await answerTo(url, 'checkpoint');
        return path;
      },
      damage: (folder, path) => flip(join(folder, path), page * pageBytes + offset, bits),
      settings: damage.checksums ? {} : { ignore_checksum_failure: 'on' },
    });
    const after = await answerTo(copy.databaseUrl, count).catch((error: Error) => error.message);
    const note = `count(*) of ${table} is ${before} before, and after: ${after}`;
    return {
      said: saidByProofs((await stage.prove(copy.databaseUrl)).outcomes),
      note,
      faults: damage.countsAsBefore === (before === after) ? [] : [note],
    };
  },
}));

async function flip(path: string, position: number, bits: number): Promise<void> {
  const file = await open(path, 'r+');
  try {
    const bytes = Buffer.alloc(1);
    await file.read(bytes, 0, 1, position);
    await file.write(
      bytes.map((byte) => byte ^ bits),
      0,
      1,
      position,
    );
  } finally {
    await file.close();
  }
}

async function answerTo(url: string, query: string): Promise<string> {
  return await asSuperuser(url, async (superuser) => {
    const { rows } = await superuser.query<string[]>({ text: query, rowMode: 'array' });
    return String(rows[0]?.[0]);
  });
}

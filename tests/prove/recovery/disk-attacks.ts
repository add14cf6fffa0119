import { open } from 'node:fs/promises';
import { join } from 'node:path';
import type { ProofName } from '#recovery/proofs/proof.ts';
import { asSuperuser } from '../clone.ts';
import { type Sabotage, saidByProofs } from './sabotage.ts';

/** Bits to flip in a page of a relation. */
interface Flip {
  readonly name: string;
  readonly relation: string;
  /** The table whose rows are counted. */
  readonly table: string;
  /** Whether count(*) is the same after the damage: then it proves nothing. */
  readonly countsAsBefore: boolean;
  readonly page: number;
  readonly offset: number;
  readonly bits: number;
  /** Whether the server verifies page checksums. Without them, the damage itself must be found. */
  readonly checksums: boolean;
  /** The proofs that read every page of its kind, and must find it. */
  readonly found: readonly ProofName[];
  /** The proofs that read its rows, with or without an index, and may find it. */
  readonly read: readonly ProofName[];
  readonly says: RegExp;
}

const flips: readonly Flip[] = [
  {
    name: 'index page corrupted, with checksums',
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
    name: 'index page corrupted, without checksums',
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
    name: 'heap page corrupted, with checksums',
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
    name: 'heap page corrupted, without checksums',
    relation: 'inventory.items',
    table: 'inventory.items',
    countsAsBefore: true,
    page: 0,
    // Makes the first row 8192 bytes longer than it is.
    offset: 27,
    bits: 0x40,
    checksums: false,
    found: ['heap'],
    read: ['indexes', 'references', 'balances'],
    says: /inventory\.items, page 0, row 1: line pointer .* ends beyond/,
  },
  {
    name: 'row vanished from its page, without checksums',
    relation: 'inventory.items',
    table: 'inventory.items',
    countsAsBefore: false,
    page: 0,
    offset: 25,
    // Marks the place of the row as empty.
    bits: 0x80,
    checksums: false,
    found: ['references'],
    read: ['balances'],
    says: /^inventory\.balances: .*Key \(org_id, item_id\)=.* is not present in table "items"/m,
  },
];

const pageBytes = 8192;

/** Sabotages of the files of a restored cluster while it is stopped. */
export const diskAttacks: readonly Sabotage[] = flips.map((damage) => ({
  name: damage.name,
  reporters: damage.found.map((proof) => `proof ${proof}` as const),
  mayReport: damage.read.map((proof) => `proof ${proof}` as const),
  says: damage.says,
  async commit(fixture) {
    const { relation, table, page, offset, bits } = damage;
    const count = `select count(*) from ${table}`;
    let before = '';
    await using copy = await fixture.restore({
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
    const note = `count(*) of ${table} before: ${before}, after: ${after}`;
    return {
      said: saidByProofs((await fixture.prove(copy.databaseUrl)).outcomes),
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

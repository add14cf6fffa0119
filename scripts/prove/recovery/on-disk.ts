import { open } from 'node:fs/promises';
import { join } from 'node:path';
import type { ProofName } from '#recovery/proofs/proof.ts';
import { asSuperuser } from '../clone.ts';
import { type Sabotage, saidByProofs } from './sabotage.ts';

/** Bits that have turned over in a page of a relation. */
interface Flip {
  readonly name: string;
  readonly relation: string;
  readonly page: number;
  readonly offset: number;
  readonly bits: number;
  /** Whether checksums of pages are looked at: below them is where other kinds of damage are met. */
  readonly checksums: boolean;
  /** Everybody who comes by that page tells, and nobody else may. */
  readonly found: readonly ProofName[];
  readonly says: RegExp;
}

const flips: readonly Flip[] = [
  {
    name: 'index page corrupted, as its checksum tells',
    relation: 'inventory.balances_pkey',
    page: 1,
    offset: 8150,
    bits: 0xff,
    checksums: true,
    found: ['indexes'],
    says: /invalid page in block 1/,
  },
  {
    name: 'index corrupted, where checksums tell nothing',
    relation: 'inventory.balances_pkey',
    page: 1,
    offset: 8150,
    bits: 0xff,
    checksums: false,
    found: ['indexes'],
    says: /heap tuple .* lacks matching index tuple|item order invariant|heap tid/i,
  },
  {
    name: 'heap page corrupted, as its checksum tells',
    relation: 'inventory.items',
    page: 0,
    offset: 8000,
    bits: 0xff,
    checksums: true,
    found: ['heap', 'indexes', 'references'],
    says: /invalid page in block 0/,
  },
  {
    name: 'heap page corrupted, where checksums tell nothing',
    relation: 'inventory.items',
    page: 0,
    offset: 24,
    bits: 0xff,
    checksums: false,
    found: ['heap', 'references'],
    says: /inventory\.items, page 0, row 1: line pointer/,
  },
  {
    name: 'row as if it had never been, where checksums tell nothing',
    relation: 'inventory.items',
    page: 0,
    offset: 25,
    bits: 0x80,
    checksums: false,
    found: ['references'],
    says: /^inventory\.balances: .*Key \(org_id, item_id\)=.* is not present in table "items"/m,
  },
];

const pageBytes = 8192;
const counted = 'inventory.balances';

/** Damage to the files of a restored cluster, done while it is stopped. */
export const onDisk: readonly Sabotage[] = flips.map(
  ({ name, relation, page, offset, bits, checksums, found, says }) => ({
    name,
    tellers: found.map((proof) => `proof ${proof}` as const),
    says,
    async commit(stage) {
      let before = '';
      await using copy = await stage.restoreDamaged({
        async ask(url) {
          before = await answerTo(url, `select count(*) from ${counted}`);
          const path = await answerTo(url, `select pg_relation_filepath('${relation}')`);
          await answerTo(url, 'checkpoint');
          return path;
        },
        damage: (folder, path) => flip(join(folder, path), page * pageBytes + offset, bits),
        settings: checksums ? {} : { ignore_checksum_failure: 'on' },
      });
      const after = await answerTo(copy.databaseUrl, `select count(*) from ${counted}`);
      return {
        said: saidByProofs((await stage.prove(copy.databaseUrl)).outcomes),
        note: `count(*) of ${counted} is ${before} before and ${after} after`,
        // What nobody may take for a proof: were it another one, this would show nothing.
        faults: before === after ? [] : [`count(*) was ${before} and is ${after}`],
      };
    },
  }),
);

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

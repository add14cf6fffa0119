import { hash } from 'node:crypto';
import type pg from 'pg';
import { escapeLiteral } from 'pg';
import { copyRows } from '#platform/postgres/copy-rows.ts';
import { pageLeaves, uuidOf } from '../pages.ts';
import type { Seal } from '../seal.ts';
import { Changes } from './closings.ts';
import { LeafBytes } from './leaf-bytes.ts';

/** The stored movements of a seal, counted and added up. */
export interface FoundHistory {
  readonly movements: number;
  /** The number of entries with a movement. */
  readonly entries: number;
  readonly changes: Changes;
}

/**
 * The movements after `after` up to the boundary of a seal, if they are exactly what was sealed: it computes every leaf, the
 * pages, their roots and the root of the seal again, and compares. Undefined when anything differs; a slower comparison then
 * finds the difference.
 */
export async function readUnchanged(
  snapshot: pg.ClientBase,
  orgId: string,
  seal: Seal,
  after: string | null,
): Promise<FoundHistory | undefined> {
  const pages = new Pages();
  const sums = new Sums();
  const leaf = new LeafBytes();
  let isWhole = true;
  await copyRows(
    snapshot,
    `select
       m.entry_id, m.line, m.item_id, m.location_id, m.occurred_at, m.recorded_at, e.occurred_at, e.recorded_at,
       m.quantity::text, m.lot, e.kind, e.reference, e.actor, e.reverses, e.metadata::text
     from inventory.movements m
     left join inventory.entries e on e.org_id = m.org_id and e.id = m.entry_id
     where m.org_id = ${escapeLiteral(orgId)}
       and m.entry_id > ${escapeLiteral(after ?? '00000000-0000-0000-0000-000000000000')}
       and m.entry_id <= ${escapeLiteral(seal.boundary)}
     order by m.entry_id, m.line`,
    (row, start) => {
      isWhole &&= leaf.read(row, start) && sums.add(leaf);
      if (isWhole) pages.add(leaf);
    },
  );
  if (!isWhole || !(await areKept(snapshot, orgId, seal, pages.finish()))) return undefined;
  return { movements: pages.movements, entries: pages.entries, changes: sums.changes() };
}

interface Page {
  /** In Latin-1, one character for each byte: the fastest form for the hash function. */
  readonly root: string;
  readonly digest: string;
}

async function areKept(
  snapshot: pg.ClientBase,
  orgId: string,
  seal: Seal,
  found: readonly Page[],
): Promise<boolean> {
  const { rows } = await snapshot.query<{ page: number; root: Buffer; digest: Buffer }>(
    'select page, root, sha256(leaves) as digest from inventory.seal_pages where org_id = $1 and seq = $2 order by page',
    [orgId, seal.seq],
  );
  const root = Buffer.from(rootOf(found.map((page) => page.root)) ?? '', 'latin1');
  return (
    root.toString('hex') === seal.merkleRoot &&
    rows.length === found.length &&
    rows.every(
      ({ page, root: kept, digest }, index) =>
        page === index &&
        kept.toString('latin1') === found[index]?.root &&
        digest.toString('latin1') === found[index]?.digest,
    )
  );
}

const leafBytes = 52;
const idBytes = 20;

/** Computes the pages of a seal again. Only the current page is in memory. */
class Pages {
  movements = 0;
  entries = 0;
  private readonly page = Buffer.alloc(pageLeaves * leafBytes);
  private hashes: string[] = [];
  private readonly done: Page[] = [];
  private lastAt: number | undefined;

  add(leaf: LeafBytes): void {
    // The last leaf of a full page stays until the next page is full.
    if (this.lastAt === undefined || leaf.isOfAnotherEntry(this.page, this.lastAt)) this.entries += 1;
    const at = this.hashes.length * leafBytes;
    this.lastAt = at;
    const leafHash = leaf.hash();
    leaf.writeId(this.page, at);
    this.page.write(leafHash, at + idBytes, 32, 'latin1');
    this.hashes.push(leafHash);
    this.movements += 1;
    if (this.hashes.length === pageLeaves) this.turn();
  }

  finish(): readonly Page[] {
    if (this.hashes.length > 0) this.turn();
    return this.done;
  }

  private turn(): void {
    this.done.push({
      root: rootOf(this.hashes) ?? '',
      digest: hash('sha256', this.page.subarray(0, this.hashes.length * leafBytes), 'binary'),
    });
    this.hashes = [];
  }
}

/** The root of RFC 6962 over nodes that are complete subtrees of one size, except the last. */
function rootOf(nodes: readonly string[]): string | undefined {
  let level = nodes;
  while (level.length > 1) {
    const above: string[] = [];
    for (let index = 0; index < level.length; index += 2) {
      const [left = '', right] = [level[index], level[index + 1]];
      // A node without a sibling moves up unchanged.
      above.push(right === undefined ? left : nodeHash(left, right));
    }
    level = above;
  }
  return level[0];
}

const node = Buffer.alloc(65);
node[0] = 1;

function nodeHash(left: string, right: string): string {
  node.write(left, 1, 32, 'latin1');
  node.write(right, 33, 32, 'latin1');
  return hash('sha256', node, 'binary');
}

/** What the movements add to each balance. */
class Sums {
  private readonly byKey = new Map<string, { pending: number; settled: bigint; movements: number }>();

  /** Returns false when the quantity is not a number, which was never sealed. */
  add(leaf: LeafBytes): boolean {
    const quantity = leaf.tenThousandths();
    if (Number.isNaN(quantity)) return false;
    const key = leaf.key();
    const sum = this.byKey.get(key);
    if (!sum) {
      this.byKey.set(key, { pending: quantity, settled: 0n, movements: 1 });
      return true;
    }
    sum.pending += quantity;
    sum.movements += 1;
    // A quantity has at most fifteen digits, so all sums up to here are exact.
    if (Math.abs(sum.pending) > 2 ** 52) {
      sum.settled += BigInt(sum.pending);
      sum.pending = 0;
    }
    return true;
  }

  changes(): Changes {
    const changes = new Changes();
    for (const [key, { pending, settled, movements }] of this.byKey) {
      const bytes = Buffer.from(key, 'latin1');
      changes.add({
        itemId: uuidOf(bytes),
        locationId: uuidOf(bytes.subarray(16)),
        lot: bytes.toString('utf8', 32),
        quantity: settled + BigInt(pending),
        movements,
      });
    }
    return changes;
  }
}

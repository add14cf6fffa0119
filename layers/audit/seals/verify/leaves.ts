import type pg from 'pg';
import { MerkleRoot } from '../merkle.ts';
import { type Leaf, readLeaves } from '../pages.ts';
import type { Seal } from '../seal.ts';
import type { Faults } from './fault.ts';

/**
 * The leaves that a seal has kept, page by page. At the end it adds a fault if the leaves do not give the sealed root.
 */
export async function* readSealedLeaves(
  snapshot: pg.ClientBase,
  orgId: string,
  seal: Seal,
  faults: Faults,
): AsyncGenerator<Leaf> {
  const tree = new MerkleRoot();
  let count = 0;
  for (let page = 0; ; page += 1) {
    const { rows } = await snapshot.query<{ root: Buffer; leaves: Buffer }>(
      'select root, leaves from inventory.seal_pages where org_id = $1 and seq = $2 and page = $3',
      [orgId, seal.seq, page],
    );
    const [row] = rows;
    if (!row) break;
    const ofPage = new MerkleRoot();
    for (const leaf of readLeaves(row.leaves)) {
      tree.add(leaf.hash);
      ofPage.add(leaf.hash);
      count += 1;
      yield leaf;
    }
    if (!row.root.equals(ofPage.root() ?? Buffer.of())) {
      faults.add({
        kind: 'page_altered',
        seal: seal.seq,
        message: `the leaves of page ${page} of seal ${seal.seq} do not give the root of the page`,
      });
    }
  }
  const root = Buffer.from(tree.root() ?? []).toString('hex');
  if (root !== seal.merkleRoot) {
    faults.add({
      kind: 'page_altered',
      seal: seal.seq,
      message:
        `the ${count} leaves of seal ${seal.seq} give the root ${root || 'of nothing'}, but the seal of ${seal.movements} ` +
        `movements has ${seal.merkleRoot}: a page was altered or is missing`,
    });
  }
}

import fc from 'fast-check';
import { expect, test } from 'vitest';
import { inclusionPath, leafHash, MerkleRoot, merkleRoot, nodeHash, rootOfPath } from './merkle.ts';

/** The leaves, roots and paths of the test vectors of Certificate Transparency's reference implementation. */
const inputs = [
  '',
  '00',
  '10',
  '2021',
  '3031',
  '40414243',
  '5051525354555657',
  '606162636465666768696a6b6c6d6e6f',
].map((hex) => Buffer.from(hex, 'hex'));
const roots = [
  '6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d',
  'fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125',
  'aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77',
  'd37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7',
  '4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4',
  '76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef',
  'ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c',
  '5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328',
];
const paths: [index: number, size: number, path: string[]][] = [
  [0, 1, []],
  [
    0,
    8,
    [
      '96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7',
      '5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e',
      '6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4',
    ],
  ],
  [
    5,
    8,
    [
      'bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b',
      'ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0',
      'd37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7',
    ],
  ],
  [2, 3, ['fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125']],
  [
    1,
    5,
    [
      '6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d',
      '5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e',
      'bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b',
    ],
  ],
];

const hex = (hash: Uint8Array | undefined) => hash && Buffer.from(hash).toString('hex');

test.each(roots.map((root, index) => [index + 1, root] as const))(
  'a tree of the first %i leaves has the known root',
  (size, root) => {
    expect(hex(merkleRoot(inputs.slice(0, size).map(leafHash)))).toBe(root);
  },
);

test.each(paths)('leaf %i of %i has the known path', (index, size, path) => {
  const hashes = inputs.slice(0, size).map(leafHash);
  expect(inclusionPath(hashes, index).map(hex)).toEqual(path);
  const leaf = hashes[index] ?? Buffer.of();
  const siblings = path.map((sibling) => Buffer.from(sibling, 'hex'));
  expect(hex(rootOfPath(leaf, { index, size }, siblings))).toBe(roots[size - 1]);
});

/** The definition of RFC 6962, 2.1, written down literally. */
function byDefinition(hashes: readonly Uint8Array[]): Uint8Array {
  if (hashes.length === 1) return hashes[0] ?? Buffer.of();
  let k = 1;
  while (k * 2 < hashes.length) k *= 2;
  return nodeHash(byDefinition(hashes.slice(0, k)), byDefinition(hashes.slice(k)));
}

const trees = fc.array(fc.uint8Array({ maxLength: 4 }), { minLength: 1, maxLength: 200, size: 'max' });

test('a tree of any size has the root of the definition, and every path leads to it', () => {
  fc.assert(
    fc.property(trees, (leaves) => {
      const hashes = leaves.map(leafHash);
      const root = hex(byDefinition(hashes));
      expect(hex(merkleRoot(hashes))).toBe(root);
      const one = new MerkleRoot();
      for (const [index, hash] of hashes.entries()) {
        one.add(hash);
        const path = inclusionPath(hashes, index);
        expect(hex(rootOfPath(hash, { index, size: hashes.length }, path))).toBe(root);
      }
      expect(hex(one.root())).toBe(root);
    }),
    { numRuns: 40 },
  );
});

test('a path that is too short, too long, altered or of another leaf does not lead to the root', () => {
  fc.assert(
    fc.property(trees, fc.nat(), fc.nat(), fc.nat({ max: 255 }), (leaves, at, which, bits) => {
      const hashes = leaves.map(leafHash);
      const size = hashes.length;
      const index = at % size;
      const leaf = hashes[index] ?? Buffer.of();
      const root = hex(merkleRoot(hashes));
      const path = inclusionPath(hashes, index);
      expect(rootOfPath(leaf, { index, size }, [...path, leaf])).toBeUndefined();
      expect(rootOfPath(leaf, { index: size, size }, path)).toBeUndefined();
      expect(rootOfPath(leaf, { index: -1, size }, path)).toBeUndefined();
      if (path.length === 0) return;
      expect(rootOfPath(leaf, { index, size }, path.slice(1))).toBeUndefined();
      const altered = path.map((hash, n) =>
        n === which % path.length
          ? Uint8Array.from(hash, (byte, i) => (i === 0 ? byte ^ (bits || 1) : byte))
          : hash,
      );
      expect(hex(rootOfPath(leaf, { index, size }, altered))).not.toBe(root);
    }),
    { numRuns: 40 },
  );
});

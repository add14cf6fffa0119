import { createExportFolder } from '../export-folder.ts';
import { createManifest, fileOf, type Manifest, manifestFile } from '../manifest.ts';
import { startDigest, type TableDigest } from '../table-digest.ts';
import { MovementSums } from './balances.ts';
import { type Collision, Collisions } from './collisions.ts';
import { pairsOf, type Side } from './difference.ts';
import { readSeals, type SealedCount } from './sealed.ts';
import { type RestoreMode, Selection } from './selection.ts';
import { findSuperseded, nothingSuperseded } from './superseded.ts';
import type { TableKeys, UniqueKeys } from './table-keys.ts';

export interface Composition {
  readonly manifest: Manifest;
  /** API keys that production no longer had. They come back revoked. */
  readonly keysRevoked: number;
  /** Balances that were recomputed from the movements of both sides. */
  readonly balancesRecomputed: number;
  /** Rows that do not come back: nothing refers to them, and another row has their place. */
  readonly leftOut: readonly Collision[];
}

/**
 * Writes the new state of the organization as an export, which the import then writes and proves.
 * @throws PortabilityError when seals of both sides contradict each other, or rows of both sides collide
 */
export async function compose(
  past: Side,
  present: Side | undefined,
  {
    mode,
    to,
    keys,
    uniqueKeys,
    signal,
  }: {
    mode: RestoreMode;
    to: string;
    keys: TableKeys;
    uniqueKeys: UniqueKeys;
    signal?: AbortSignal | undefined;
  },
): Promise<Composition> {
  const seals = await readSeals(past, present, mode, keys);
  const selection = new Selection(mode);
  const sums = new MovementSums();
  const collisions = new Collisions();
  const superseded =
    mode === 'merge' ? await findSuperseded(past, present, { keys, uniqueKeys, signal }) : nothingSuperseded;
  const folder = await createExportFolder(to);
  try {
    const tables = [];
    for (const { name, columns } of past.manifest.tables) {
      const lines = linesOf(name);
      const table = startFile(lines);
      await folder.write(fileOf({ name }), table.chunks);
      tables.push({ name, columns, ...table.digest() });
    }
    collisions.check();
    if (mode === 'merge') {
      sums.checkAllUsed();
      if (selection.movementsReturned > 0) seals.checkMerged();
    } else seals.checkCopy();
    const { takenAt, schema, organization } = past.manifest;
    const manifest = createManifest({
      takenAt,
      schema,
      organization: { ...organization, ...present?.manifest.organization, status: 'suspended' },
      tables,
    });
    await folder.write(manifestFile, [Buffer.from(`${JSON.stringify(manifest, null, 2)}\n`)]);
    await folder.finish();
    return {
      manifest,
      keysRevoked: selection.keysRevoked,
      balancesRecomputed: sums.recomputed,
      leftOut: superseded.rows,
    };
  } catch (error) {
    await folder.discard();
    throw error;
  }

  async function* linesOf(table: string): AsyncGenerator<string> {
    const places = collisions.of(table, uniqueKeys.get(table) ?? []);
    for await (const pair of pairsOf(past, present, table, keys)) {
      signal?.throwIfAborted();
      if (superseded.has(table, pair)) continue;
      const line = selection.lineOf(table, pair);
      if (line === undefined) continue;
      places.take(line, pair);
      if (table === 'inventory.movements') countMovement(line, sums, seals);
      yield mode === 'merge' && table === 'inventory.balances' ? sums.lineOf(line) : line;
    }
  }
}

function countMovement(line: string, sums: MovementSums, seals: SealedCount): void {
  const movement = JSON.parse(line);
  sums.add(movement);
  seals.count(movement.entry_id);
}

function startFile(lines: AsyncIterable<string>): {
  readonly chunks: AsyncIterable<Buffer>;
  digest(): TableDigest;
} {
  const progress = startDigest();
  async function* chunks(): AsyncGenerator<Buffer> {
    for await (const line of lines) {
      progress.add(Buffer.from(line));
      yield Buffer.from(`${line}\n`);
    }
  }
  return { chunks: chunks(), digest: () => progress.finish() };
}

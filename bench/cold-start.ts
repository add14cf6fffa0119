import { spawnSync } from 'node:child_process';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { routes } from '#functions/routes.ts';
import { bundleOf } from '#infra/constructs/bundle.ts';
import { type Bench, type Comparison, compareRates } from './bench.ts';

/** What a start of an API function may cost, compared with the start of an empty one. */
const target = 3;

/** Loads a handler as Lambda does, and prints the processor time of the whole process in microseconds. */
const load = `
  require(process.argv[1]);
  const { user, system } = process.cpuUsage();
  process.stdout.write(String(user + system));`;

/** The same file with nothing to load. */
const emptyHandler = 'exports.handler = async () => ({ statusCode: 200 });';

const entries = new Set(routes.map(({ entry }) => entry));
const secondsOfPair = 0.3;

export const coldStart: Bench = {
  name: 'cold-start',
  summary: 'The processor time of loading an API function, compared with loading an empty handler',
  expect: ({ rounds }) => ({
    comparisons: entries.size,
    seconds: entries.size * (1 + rounds) * secondsOfPair,
  }),
  async *run({ rounds }): AsyncGenerator<Comparison> {
    const folder = await mkdtemp(join(tmpdir(), 'stockade-cold-start-'));
    try {
      const empty = join(folder, 'empty.cjs');
      await writeFile(empty, emptyHandler);
      for (const entry of entries) {
        const bundle = bundleOf(`functions/api/${entry}.lambda.ts`);
        await mkdir(join(folder, entry));
        for (const { name, contents } of bundle.files) await writeFile(join(folder, entry, name), contents);
        const code = bundle.files.find(({ name }) => name === 'index.cjs');
        yield compareStarts(entry, { subject: join(folder, entry, 'index.cjs'), reference: empty }, rounds, [
          `${bundle.modules.length} modules, ${Math.round((code?.contents.length ?? 0) / 1024)} KB`,
        ]);
      }
    } finally {
      await rm(folder, { recursive: true });
    }
  },
};

/** Starts are compared by processor time: other work on the machine delays a start, but does not add to its work. */
function compareStarts(
  entry: string,
  files: { readonly subject: string; readonly reference: string },
  rounds: number,
  detail: readonly string[],
): Comparison {
  const rates = { subject: [] as number[], reference: [] as number[] };
  for (let round = 0; round <= rounds; round += 1) {
    for (const side of round % 2
      ? (['subject', 'reference'] as const)
      : (['reference', 'subject'] as const)) {
      const microseconds = startOf(files[side]);
      // The first pair fills the page cache.
      if (round > 0) rates[side].push(1_000_000 / microseconds);
    }
  }
  return compareRates(
    { name: `start of ${entry}`, subject: 'its bundle', reference: 'an empty handler', target, detail },
    rates,
  );
}

function startOf(file: string): number {
  const { status, stdout, stderr } = spawnSync(process.execPath, ['--eval', load, file], {
    env: { AWS_REGION: 'eu-central-1' },
    encoding: 'utf8',
  });
  if (status !== 0) throw new Error(`${file} does not load: ${stderr}`);
  return Number(stdout);
}

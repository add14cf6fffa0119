// Every process of a suite loads this first: it notes which faults the running test file reaches.
import { appendFileSync } from 'node:fs';
import { join } from 'node:path';

const seen = new Set();

globalThis.stockadeReached = (id) => {
  const file = process.env.STOCKADE_TEST_FILE ?? 'set-up';
  if (seen.has(file + id)) return;
  seen.add(file + id);
  appendFileSync(join(process.env.STOCKADE_REACHED, encodeURIComponent(file)), `${id}\n`);
};

import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'vitest';
import { paths } from '#scripts/paths.ts';
import type { AdaptedShop } from './adapted-shop.ts';
import { proveAdapter } from './contract.ts';
import type { Library } from './library.ts';

interface PrismaProofs {
  readonly prisma: Library;
  proveQueries(adapted: AdaptedShop): void;
}

// Prisma and what it brings weigh more than everything else together, so `npm run test:adapters` installs it on demand.
if (existsSync(join(paths.data, 'prisma/installed.sha256'))) {
  const file = './prisma/proofs.ts';
  const { prisma, proveQueries }: PrismaProofs = await import(file);
  proveQueries(proveAdapter(prisma));
} else {
  test.skip('Prisma is not installed: run `npm run test:adapters`', () => {});
}

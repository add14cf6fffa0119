import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'vitest';
import { paths } from '#scripts/paths.ts';
import type { AdaptedShop } from './adapted-shop.ts';
import { testAdapter } from './contract.ts';
import type { Library } from './library.ts';

interface PrismaTests {
  readonly prisma: Library;
  testQueries(adapted: AdaptedShop): void;
}

// Prisma and what it brings weigh more than everything else together, so `npm run test:adapters` installs it on demand.
if (existsSync(join(paths.data, 'prisma/installed.sha256'))) {
  const file = './prisma/queries.ts';
  const { prisma, testQueries }: PrismaTests = await import(file);
  testQueries(testAdapter(prisma));
} else {
  test.skip('Prisma is not installed: run `npm run test:adapters`', () => {});
}

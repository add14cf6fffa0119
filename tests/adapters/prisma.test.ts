import type { AdaptedShop } from './adapted-shop.ts';
import { testAdapter } from './contract.ts';
import type { Library } from './library.ts';

interface PrismaTests {
  readonly prisma: Library;
  testQueries(adapted: AdaptedShop): void;
}

// `npm run test:adapters` installs Prisma and then runs this file. `npm test` leaves it out: see vitest.config.ts. The path
// is a value, so that the type checker does not follow it to what is not installed.
const file = './prisma/queries.ts';
const { prisma, testQueries }: PrismaTests = await import(file);
testQueries(testAdapter(prisma));

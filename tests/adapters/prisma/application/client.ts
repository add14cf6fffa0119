/** What an application has of Prisma. `npm run test:adapters` copies this file to where Prisma is installed. */
export { PrismaPg } from '@prisma/adapter-pg';
export { default as pg } from 'pg';
export { Prisma, PrismaClient } from './generated/client.ts';

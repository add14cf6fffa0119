import type { Table } from './application.ts';

/** The tables in which frameworks note the migrations that they have run. */
const names = new Set([
  '_prisma_migrations',
  '__drizzle_migrations',
  'kysely_migration',
  'kysely_migration_lock',
  'knex_migrations',
  'knex_migrations_lock',
  'pgmigrations',
  'mikro_orm_migrations',
  'SequelizeMeta',
  'schema_migrations',
  'ar_internal_metadata',
  'django_migrations',
  'alembic_version',
  'flyway_schema_history',
  'databasechangelog',
  'databasechangeloglock',
  'goose_db_version',
  '__EFMigrationsHistory',
  '__diesel_schema_migrations',
  '_sqlx_migrations',
]);

/** Whether a framework keeps its own books in it: no organization has anything to do with it. */
export function isBookkeeping({ plainName }: Table): boolean {
  return names.has(plainName);
}

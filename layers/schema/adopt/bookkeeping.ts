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
  'typeorm_metadata',
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

/** Laravel and TypeORM call theirs by a name that an application may have for something else. */
const columnsOfMigrations = new Set(['id migration batch', 'id timestamp name']);

/** Whether a framework keeps its own books in it: no organization has anything to do with it. */
export function isBookkeeping({ plainName, columns }: Table): boolean {
  if (plainName !== 'migrations') return names.has(plainName);
  return columnsOfMigrations.has(columns.map((column) => column.plainName).join(' '));
}

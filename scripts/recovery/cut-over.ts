/** What the steps name: production, and what was restored beside it. */
export interface CutOver {
  readonly production: Place;
  readonly restored: Place;
  readonly databaseName: string;
  /** The instant that what was restored is of. */
  readonly asOf: string;
}

export interface Place {
  readonly instance: string;
  readonly host: string;
  readonly port: number;
  readonly resourceId: string;
}

/** The commands that make the restored database production, one a line, in their order. */
export function cutOverSteps({ production, restored, databaseName, asOf }: CutOver): string[] {
  return [
    `# 1. Nobody writes to ${production.instance} from here on; what it has recorded since ${asOf} stays in it alone.`,
    psql(production, databaseName, `alter database ${databaseName} set default_transaction_read_only = on`),
    psql(production, databaseName, disconnect),
    '# 2. The functions get the restored database. Pass what else you pass at every deploy.',
    deploy(restored),
    '# 3. It works when the ledger verifies and /ready answers 200.',
    `npm run verify:ledger -- --database-url ${urlOf(restored, databaseName)}`,
    `STOCKADE_DB_INSTANCE_IDENTIFIER=${restored.instance} npm run monitor:backups`,
  ];
}

/** The commands that undo the cut-over: what was written to the restored database since stays in it alone. */
export function rollBackSteps({ production, restored, databaseName }: CutOver): string[] {
  return [
    psql(restored, databaseName, `alter database ${databaseName} set default_transaction_read_only = on`),
    psql(restored, databaseName, disconnect),
    psql(
      production,
      databaseName,
      `set default_transaction_read_only = off; alter database ${databaseName} reset default_transaction_read_only`,
    ),
    deploy(production),
  ];
}

/** The commands that delete what was restored, when it is not to be used. */
export function discardSteps({ restored }: CutOver): string[] {
  const instance = `--db-instance-identifier ${restored.instance}`;
  return [
    `aws rds modify-db-instance ${instance} --no-deletion-protection --apply-immediately`,
    `aws rds delete-db-instance ${instance} --skip-final-snapshot`,
  ];
}

/** Sessions that are there keep the setting with which they began. */
const disconnect = "select pg_terminate_backend(pid) from pg_stat_activity where usename like 'stockade%'";

function deploy({ host, port, resourceId }: Place): string {
  return `npm run deploy -- -c databaseHost=${host} -c databasePort=${port} -c databaseResourceId=${resourceId}`;
}

function psql(place: Place, databaseName: string, statement: string): string {
  return `psql "${urlOf(place, databaseName)}" -c "${statement}"`;
}

/** With the master's name and password to be filled in: they are not for a log. */
function urlOf({ host, port }: Place, databaseName: string): string {
  return `postgres://MASTER:PASSWORD@${host}:${port}/${databaseName}`;
}

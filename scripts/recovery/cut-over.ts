import { counted } from '#platform/text/plural.ts';
import { besideTag } from '#recovery/rds/rds-beside.ts';

/** Production, and the instance that was restored beside it. */
export interface CutOver {
  readonly production: Place;
  readonly restored: Place;
  readonly databaseName: string;
  /** The point in time that was restored. */
  readonly asOf: string;
  /** Organizations with anchored seals that the restored database lacks; undefined when that could not be determined. */
  readonly sealedAhead: readonly string[] | undefined;
}

export interface Place {
  readonly instance: string;
  readonly arn: string;
  readonly host: string;
  readonly port: number;
  readonly resourceId: string;
}

/** The commands that make the restored database production, one per line, in order. */
export function cutOverSteps({ production, restored, databaseName, asOf, sealedAhead }: CutOver): string[] {
  return [
    `# 1. Close ${production.instance} for writing. Movements that it has recorded since ${asOf} stay only there.`,
    '#    Requests that write get 503. Requests that read go on.',
    ...close(production, databaseName),
    '# 2. Remove the tag, so that no later restore continues with this instance and changes the password of its master.',
    `aws rds remove-tags-from-resource --resource-name ${restored.arn} --tag-keys ${besideTag}`,
    '# 3. Point the functions at the restored database. Add the other options that you pass at every deploy.',
    ...evidenceStep(sealedAhead),
    deploy(restored),
    '# 4. It works when these exit with code 0 and /ready answers 200. The monitor may warn while the instance is new.',
    `npm run verify:ledger -- --database-url "${urlOf(restored, databaseName)}"`,
    `npm run monitor:backups -- --instance ${restored.instance} --database-url "${urlOf(restored, databaseName)}"`,
    `# 5. Copies in another region and a managed password belong to ${production.instance}. Set them up for`,
    `#    ${restored.instance} (docs/DISASTER_RECOVERY.md, "After a cut-over"). Keep ${production.instance}.`,
  ];
}

/** The commands that undo the cut-over. Movements written to the restored database stay only there. */
export function rollBackSteps({ production, restored, databaseName }: CutOver): string[] {
  return [...close(restored, databaseName), ...open(production, databaseName), deploy(production)];
}

/** The commands that delete the restored instance. */
export function deletion(restored: string): string[] {
  const instance = `--db-instance-identifier ${restored}`;
  return [
    `aws rds modify-db-instance ${instance} --no-deletion-protection --apply-immediately`,
    `aws rds delete-db-instance ${instance} --skip-final-snapshot`,
  ];
}

/** Open sessions keep the setting with which they started, so they are ended. */
const disconnect =
  "select pg_terminate_backend(pid) from pg_stat_activity where usename like 'stockade%' and pid <> pg_backend_pid()";

function close(place: Place, databaseName: string): string[] {
  return [
    psql(
      place,
      databaseName,
      `alter database ${databaseName} set default_transaction_read_only = on`,
      disconnect,
    ),
  ];
}

/** The first statement makes this session writable, from its next transaction on, which is the next `-c`. */
function open(place: Place, databaseName: string): string[] {
  const reset = `alter database ${databaseName} reset default_transaction_read_only`;
  return [psql(place, databaseName, 'set default_transaction_read_only = off', reset, disconnect)];
}

function evidenceStep(ahead: CutOver['sealedAhead']): string[] {
  if (ahead?.length === 0) return [];
  const who = ahead
    ? `Sealed since then: ${counted(ahead.length, 'organization')} (${ahead.slice(0, 3).join(', ')}${ahead.length > 3 ? ', …' : ''}).`
    : 'It is not known which organizations have sealed since then.';
  return [
    `#    ${who} Their anchored seals`,
    '#    cannot be replaced: increase evidenceGeneration of the stage in infra/settings/config.ts by one before you deploy.',
  ];
}

function deploy({ instance, host, port, resourceId }: Place): string {
  return (
    `npm run deploy -- -c databaseHost=${host} -c databasePort=${port} -c databaseResourceId=${resourceId} ` +
    `-c databaseInstanceIdentifier=${instance}`
  );
}

/** psql runs each `-c` as a transaction of its own. */
function psql(place: Place, databaseName: string, ...statements: string[]): string {
  const commands = statements.map((statement) => ` -c "${statement}"`).join('');
  return `psql "${urlOf(place, databaseName)}"${commands}`;
}

/** The user fills in the master's name and password: they must not be in a log. */
function urlOf({ host, port }: Place, databaseName: string): string {
  return `postgres://MASTER:PASSWORD@${host}:${port}/${databaseName}`;
}

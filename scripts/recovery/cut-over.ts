import { besideTag } from '#recovery/rds/rds-beside.ts';

/** What the steps name: production, and what was restored beside it. */
export interface CutOver {
  readonly production: Place;
  readonly restored: Place;
  readonly databaseName: string;
  /** The instant that what was restored is of. */
  readonly asOf: string;
  /** Organizations of which seals were written down that what was restored lacks; undefined when nobody knows. */
  readonly sealedAhead: readonly string[] | undefined;
}

export interface Place {
  readonly instance: string;
  readonly arn: string;
  readonly host: string;
  readonly port: number;
  readonly resourceId: string;
}

/** The commands that make the restored database production, one a line, in their order. */
export function cutOverSteps({ production, restored, databaseName, asOf, sealedAhead }: CutOver): string[] {
  return [
    `# 1. Nobody writes to ${production.instance} from here on; what it has recorded since ${asOf} stays in it alone.`,
    '#    Whoever wants to write gets 503; reading goes on.',
    ...close(production, databaseName),
    '# 2. No restore takes it for its own any more, to carry on with it: it would give its master another password.',
    `aws rds remove-tags-from-resource --resource-name ${restored.arn} --tag-keys ${besideTag}`,
    '# 3. The functions get the restored database. Pass what else you pass at every deploy.',
    ...evidenceStep(sealedAhead),
    deploy(restored),
    '# 4. It works when these end with exit code 0 (the monitor may still warn of what is new) and /ready answers 200.',
    `npm run verify:ledger -- --database-url "${urlOf(restored, databaseName)}"`,
    `npm run monitor:backups -- --instance ${restored.instance} --database-url "${urlOf(restored, databaseName)}"`,
    `# 5. Copies in another region, and a password that is managed, were those of ${production.instance}: begin them for`,
    `#    ${restored.instance} (docs/DISASTER_RECOVERY.md, "After a cut-over"). Keep ${production.instance}.`,
  ];
}

/** The commands that undo the cut-over: what was written to the restored database since stays in it alone. */
export function rollBackSteps({ production, restored, databaseName }: CutOver): string[] {
  return [...close(restored, databaseName), ...open(production, databaseName), deploy(production)];
}

/** The commands that delete what was restored, when it is not to be used. */
export function deletion(restored: string): string[] {
  const instance = `--db-instance-identifier ${restored}`;
  return [
    `aws rds modify-db-instance ${instance} --no-deletion-protection --apply-immediately`,
    `aws rds delete-db-instance ${instance} --skip-final-snapshot`,
  ];
}

/** Sessions that are there keep the setting with which they began. */
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

/** The first statement is for the session itself, and takes effect with the next transaction: with the next `-c`. */
function open(place: Place, databaseName: string): string[] {
  const reset = `alter database ${databaseName} reset default_transaction_read_only`;
  return [psql(place, databaseName, 'set default_transaction_read_only = off', reset, disconnect)];
}

function evidenceStep(ahead: CutOver['sealedAhead']): string[] {
  if (ahead?.length === 0) return [];
  const who = ahead
    ? `${ahead.length} organizations have sealed since then (${ahead.slice(0, 3).join(', ')}${ahead.length > 3 ? ', …' : ''}).`
    : 'When an organization has sealed since then, which could not be seen:';
  return [
    `#    ${who} Those seals are written down and`,
    '#    cannot be made again: raise evidenceGeneration of the stage in infra/settings/config.ts by one before you deploy.',
  ];
}

function deploy({ instance, host, port, resourceId }: Place): string {
  return (
    `npm run deploy -- -c databaseHost=${host} -c databasePort=${port} -c databaseResourceId=${resourceId} ` +
    `-c databaseInstanceIdentifier=${instance}`
  );
}

/** Each statement in a `-c` of its own is a transaction of its own. */
function psql(place: Place, databaseName: string, ...statements: string[]): string {
  const commands = statements.map((statement) => ` -c "${statement}"`).join('');
  return `psql "${urlOf(place, databaseName)}"${commands}`;
}

/** With the master's name and password to be filled in: they are not for a log. */
function urlOf({ host, port }: Place, databaseName: string): string {
  return `postgres://MASTER:PASSWORD@${host}:${port}/${databaseName}`;
}

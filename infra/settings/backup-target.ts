import { environment } from '#platform/environment.ts';
import type { StageName } from './config.ts';
import { ConfigurationError } from './configuration-error.ts';
import type { ReadContext } from './database-target.ts';

/** The instance or cluster of the database, by its name in RDS, and the region its backups are copied to. */
export interface BackupTarget {
  readonly kind: 'instance' | 'cluster';
  /** Undefined when no database is named: then nothing can be watched, and the monitor says so. */
  readonly identifier: string | undefined;
  /** A region, or `none`. Undefined when it is not set. */
  readonly copyRegion: string | undefined;
  /** The customer managed key of the database. Undefined when it is not encrypted or uses the AWS managed key. */
  readonly kmsKeyArn: string | undefined;
  /** The subnet group that drills restore into. Undefined for the subnets of the database. */
  readonly drillSubnetGroup: string | undefined;
}

const identifierShape = /^[a-z](-?[a-z0-9])*$/;
const regionShape = /^[a-z]{2}(-[a-z]+)+-\d$/;
const keyShape = /^arn:aws[a-z-]*:kms:[a-z0-9-]+:\d{12}:key\/[A-Za-z0-9-]+$/;
const subnetGroupShape = /^[a-z0-9][a-z0-9_. -]{0,254}$/;

/**
 * Reads which database's backups to watch. Only `dev` may leave it out: in production, backups are always watched.
 * @throws ConfigurationError when it is not set in `prod`, when both are set, or when a name is invalid
 */
export function backupTarget(stage: StageName, context: ReadContext): BackupTarget {
  const instance = shaped('databaseInstanceIdentifier', context, identifierShape);
  const cluster = shaped('databaseClusterIdentifier', context, identifierShape);
  if (instance !== undefined && cluster !== undefined) {
    throw new ConfigurationError(
      'databaseInstanceIdentifier and databaseClusterIdentifier are both set: pass only the one that holds the database',
    );
  }
  const copyRegion =
    context('backupCopyRegion') === 'none' ? 'none' : shaped('backupCopyRegion', context, regionShape);
  const identifier = instance ?? cluster;
  if (stage === 'prod' && (identifier === undefined || copyRegion === undefined)) {
    throw new ConfigurationError(
      [
        'Stage prod does not say which backups to watch. Pass:',
        '  -c databaseInstanceIdentifier=…  (DBInstanceIdentifier; for Aurora, -c databaseClusterIdentifier=…)',
        '  -c backupCopyRegion=…  (the region that backups are copied to, or none if you decided to have no copy)',
      ].join('\n'),
    );
  }
  return {
    kind: cluster === undefined ? 'instance' : 'cluster',
    identifier,
    copyRegion,
    kmsKeyArn: shaped('databaseKmsKeyArn', context, keyShape),
    drillSubnetGroup: shaped('drillSubnetGroup', context, subnetGroupShape),
  };
}

/** The variables that name the database to functions that watch or restore its backups. */
export function backupVariables({ kind, identifier, copyRegion }: BackupTarget): Record<string, string> {
  const name = kind === 'cluster' ? environment.dbClusterIdentifier : environment.dbInstanceIdentifier;
  return {
    ...(identifier !== undefined && { [name]: identifier }),
    ...(copyRegion !== undefined && { [environment.backupCopyRegion]: copyRegion }),
  };
}

function shaped(key: string, context: ReadContext, shape: RegExp): string | undefined {
  const value = context(key);
  if (value === undefined || value === '') return undefined;
  if (shape.test(String(value))) return String(value);
  throw new ConfigurationError(`${key} is ${JSON.stringify(value)}: it must match ${shape}`);
}

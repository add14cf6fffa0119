import { environment } from '#platform/environment.ts';
import type { StageName } from './config.ts';
import { ConfigurationError } from './configuration-error.ts';
import type { ReadContext } from './database-target.ts';

/** What holds the database, by the name that RDS knows it by, and where its backups are copied to. */
export interface BackupTarget {
  readonly kind: 'instance' | 'cluster';
  /** Undefined where no database is named: nothing can be watched then, and the monitor says so. */
  readonly identifier: string | undefined;
  /** A region, or `none`; undefined when nobody has said. */
  readonly copyRegion: string | undefined;
  /** The customer managed key that it is encrypted with; undefined when it is none or the one of AWS. */
  readonly kmsKeyArn: string | undefined;
  /** Where drills restore to; undefined for the subnets of the database. */
  readonly drillSubnetGroup: string | undefined;
}

const identifierShape = /^[a-z](-?[a-z0-9])*$/;
const regionShape = /^[a-z]{2}(-[a-z]+)+-\d$/;
const keyShape = /^arn:aws[a-z-]*:kms:[a-z0-9-]+:\d{12}:key\/[A-Za-z0-9-]+$/;
const subnetGroupShape = /^[a-z0-9][a-z0-9_. -]{0,254}$/;

/**
 * Whose backups the context names. Only `dev` may name none: of what is called production, backups are watched.
 * @throws ConfigurationError when they are not named in `prod`, two are, or one can be no name
 */
export function backupTarget(stage: StageName, context: ReadContext): BackupTarget {
  const instance = shaped('databaseInstanceIdentifier', context, identifierShape);
  const cluster = shaped('databaseClusterIdentifier', context, identifierShape);
  if (instance !== undefined && cluster !== undefined) {
    throw new ConfigurationError(
      'databaseInstanceIdentifier and databaseClusterIdentifier are both there: pass the one that holds the database',
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
        '  -c backupCopyRegion=…  (the region that backups are copied to, or none when it was decided to do without)',
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

/** The variables by which functions know whose backups they look after. */
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

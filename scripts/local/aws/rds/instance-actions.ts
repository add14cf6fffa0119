import type { QueryParameters } from '../query-parameters.ts';
import type { Action } from '../query-service.ts';
import type { Rds } from './context.ts';
import { describeAutomatedBackup, describeInstance } from './descriptions.ts';
import {
  automatedBackupNotFound,
  explicitlyDenied,
  instanceAlreadyExists,
  instanceNotFound,
  invalidCombination,
  invalidInstanceState,
  missingParameter,
  notImplemented,
} from './errors.ts';
import { tellOfInstance } from './events.ts';
import { type FilterFields, filterOf } from './filters.ts';
import { deleteInstance, restartInstance } from './instances.ts';
import { backupArn, instanceArn, readName } from './names.ts';
import { page } from './paging.ts';
import { booleanOf, newIdentifier, required, settingsOf } from './parameters.ts';
import type { Instance } from './records.ts';
import { beginSnapshot, finishSnapshot } from './snapshots.ts';

const maxIdentifierLength = 63;

const filters: FilterFields<Instance> = {
  'db-instance-id': (each) => [each.identifier, instanceArn(each)],
  'dbi-resource-id': (each) => [each.resourceId],
  'db-cluster-id': () => [],
  domain: () => [],
  engine: () => ['postgres'],
};

const backupFilters: FilterFields<Instance> = {
  'db-instance-id': (each) => [each.identifier, instanceArn(each)],
  'dbi-resource-id': (each) => [each.resourceId],
  status: () => ['active'],
};

/** The instance that a request names. */
export function namedInstance(
  { store }: Rds,
  parameters: QueryParameters,
  name: string,
  region: string,
): Instance {
  const named = readName(required(parameters, name), 'db', region);
  if (named.region !== region) throw instanceNotFound(named.identifier);
  return store.instance(region, named.identifier);
}

/** What RDS does with instances that are there. */
export function instanceActions(rds: Rds): Readonly<Record<string, Action>> {
  const { store, works } = rds;

  const described = async ({ resourceId }: Instance) => {
    const instance = store.current(resourceId);
    return { DBInstance: instance && (await describeInstance(rds, instance)) };
  };

  return {
    DescribeDBInstances(parameters, region) {
      const named = parameters.text('DBInstanceIdentifier')
        ? namedInstance(rds, parameters, 'DBInstanceIdentifier', region)
        : undefined;
      const passes = filterOf(parameters, filters);
      const all = store.instances().filter((each) => each.region === region && passes(each));
      return page(parameters, {
        name: 'DBInstances',
        member: 'DBInstance',
        all: named ? all.filter(({ resourceId }) => resourceId === named.resourceId) : all,
        keyOf: ({ identifier }) => identifier,
        describe: (each) => describeInstance(rds, each),
      });
    },

    DescribeDBInstanceAutomatedBackups(parameters, region) {
      const identifier = parameters.text('DBInstanceIdentifier')?.toLowerCase();
      const resourceId = parameters.text('DbiResourceId')?.toLowerCase();
      const arn = parameters.text('DBInstanceAutomatedBackupsArn');
      const passes = filterOf(parameters, backupFilters);
      const kept = store
        .instances()
        .filter((each) => each.region === region && each.settings.BackupRetentionPeriod > 0)
        .filter((each) => identifier === undefined || each.identifier === identifier)
        .filter((each) => resourceId === undefined || each.resourceId.toLowerCase() === resourceId)
        .filter((each) => arn === undefined || backupArn(each) === arn);
      const asked = identifier ?? resourceId ?? arn;
      if (asked !== undefined && kept.length === 0) throw automatedBackupNotFound(asked);
      return page(parameters, {
        name: 'DBInstanceAutomatedBackups',
        member: 'DBInstanceAutomatedBackup',
        all: kept.filter(passes),
        keyOf: (each) => each.identifier,
        describe: (each) => describeAutomatedBackup(rds, each),
      });
    },

    async ModifyDBInstance(parameters, region) {
      const instance = namedInstance(rds, parameters, 'DBInstanceIdentifier', region);
      if (instance.status !== 'available') {
        throw invalidInstanceState('Database instance is not in available state.');
      }
      const renamed = parameters.text('NewDBInstanceIdentifier')
        ? newIdentifier(parameters, 'NewDBInstanceIdentifier', maxIdentifierLength)
        : undefined;
      if (store.instances().some((each) => each.region === region && each.identifier === renamed)) {
        throw instanceAlreadyExists();
      }
      const password = parameters.text('MasterUserPassword');
      if (password !== undefined && !/^[!#-.0-?A-~]{8,128}$/.test(password)) {
        throw invalidCombination(
          "The parameter MasterUserPassword is not a valid password: 8 to 128 printable ASCII characters besides '/', '@', '\"' and ' ' may be used.",
        );
      }
      const settings = { ...instance.settings, ...settingsOf(parameters) };
      const status = renamed ? 'renaming' : password ? 'resetting-master-credentials' : 'modifying';
      await store.changeInstance(instance.resourceId, { settings, status });
      works.start(instance.resourceId, () => modify(rds, instance, { settings, renamed, password }));
      return await described(instance);
    },

    async DeleteDBInstance(parameters, region) {
      const instance = namedInstance(rds, parameters, 'DBInstanceIdentifier', region);
      const { identifier, resourceId, settings } = instance;
      if (instance.status === 'deleting') {
        throw invalidInstanceState(`Instance ${identifier} is already being deleted.`);
      }
      if (settings.DeletionProtection) {
        throw invalidCombination(
          'Cannot delete protected DB Instance, please disable deletion protection and try again.',
        );
      }
      if (instance.attachedSystem !== undefined) {
        throw explicitlyDenied('rds:DeleteDBInstance', instanceArn(instance));
      }
      if (booleanOf(parameters, 'DeleteAutomatedBackups') === false) {
        throw notImplemented('DeleteDBInstance with DeleteAutomatedBackups=false');
      }
      const last = await finalSnapshot(rds, instance, parameters);
      await store.changeInstance(resourceId, { status: 'deleting' });
      if (!last) void works.cancel(resourceId);
      works.start(resourceId, async ({ signal }) => {
        if (last) await finishSnapshot(rds, last, 'DeleteDBInstance', signal);
        if (!signal.aborted) await deleteInstance(rds, instance);
      });
      return await described(instance);
    },
  };
}

async function finalSnapshot(rds: Rds, instance: Instance, parameters: QueryParameters) {
  const isSkipped = booleanOf(parameters, 'SkipFinalSnapshot') ?? false;
  const name = 'FinalDBSnapshotIdentifier';
  if (isSkipped && parameters.text(name)) {
    throw invalidCombination(`${name} can not be specified when SkipFinalSnapshot is true.`);
  }
  if (isSkipped) return undefined;
  if (!parameters.text(name)) {
    throw invalidCombination(`${name} is required unless SkipFinalSnapshot is specified.`);
  }
  const identifier = newIdentifier(parameters, name, 255);
  if (instance.status !== 'available') throw notForSnapshots(instance);
  return await beginSnapshot(rds, instance, { identifier, type: 'manual' });
}

export function notForSnapshots({ identifier }: Instance) {
  return invalidInstanceState(
    `Cannot create a snapshot because the database instance ${identifier} is not currently in the available state.`,
  );
}

interface Modification {
  readonly settings: Instance['settings'];
  readonly renamed: string | undefined;
  readonly password: string | undefined;
}

async function modify(
  rds: Rds,
  instance: Instance,
  { settings, renamed, password }: Modification,
): Promise<void> {
  const { store, running } = rds;
  const { resourceId } = instance;
  const cluster = running.get(resourceId)?.cluster;
  if (password !== undefined) {
    await cluster?.changePassword(password);
    const since = new Date().toISOString();
    await store.changeInstance(resourceId, { passwords: [...instance.passwords, { since, password }] });
    await tellOfInstance(rds, instance, 'Reset master credentials');
  }
  const startsBackups = settings.BackupRetentionPeriod > 0 && cluster?.archiveDirectory === undefined;
  // Keeping WAL begins with a start of the server. The first snapshot comes with the next round.
  if (startsBackups && instance.attachedSystem === undefined) {
    await restartInstance(rds, { ...instance, settings });
  }
  // One that could not be started again has failed.
  const status = running.has(resourceId) ? 'available' : 'failed';
  await store.changeInstance(resourceId, { status, ...(renamed && { identifier: renamed }) });
  const changed = store.current(resourceId);
  if (changed) await tellOfInstance(rds, changed, 'Finished applying modification');
}

/**
 * The instance that a restore to a point in time starts from, however the request names it.
 * @throws AwsError DBInstanceNotFound, DBInstanceAutomatedBackupNotFound, MissingParameter
 */
export function sourceInstance(rds: Rds, parameters: QueryParameters, region: string): Instance {
  const resourceId = parameters.text('SourceDbiResourceId');
  const arn = parameters.text('SourceDBInstanceAutomatedBackupsArn');
  const name = 'SourceDBInstanceIdentifier';
  if (parameters.text(name)) return namedInstance(rds, parameters, name, region);
  if (resourceId === undefined && arn === undefined) throw missingParameter(name);
  const found = rds.store
    .instances()
    .find((each) => each.region === region && (each.resourceId === resourceId || backupArn(each) === arn));
  if (!found) throw automatedBackupNotFound(resourceId ?? arn ?? '');
  return found;
}

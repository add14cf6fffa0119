import type { QueryParameters } from '../../query-parameters.ts';
import type { Action } from '../../query-service.ts';
import type { Rds } from '../context.ts';
import { describeAutomatedBackup, describeInstance } from '../descriptions.ts';
import {
  explicitlyDenied,
  instanceNotFound,
  invalidCombination,
  invalidInstanceState,
  notImplemented,
} from '../errors.ts';
import { tellOfInstance } from '../events.ts';
import { deleteInstance, restartInstance } from '../instances.ts';
import type { Instance } from '../records.ts';
import { askedInstance } from '../request/filters.ts';
import { instanceArn, readName } from '../request/names.ts';
import { page } from '../request/paging.ts';
import { booleanOf, required, settingsOf } from '../request/parameters.ts';

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
      const all = store.instances().filter((each) => each.region === region);
      return page(parameters, {
        name: 'DBInstances',
        member: 'DBInstance',
        all: named ? all.filter(({ resourceId }) => resourceId === named.resourceId) : all,
        keyOf: ({ identifier }) => identifier,
        describe: (each) => describeInstance(rds, each),
      });
    },

    DescribeDBInstanceAutomatedBackups(parameters, region) {
      const identifier = askedInstance(parameters, region);
      const kept = store
        .instances()
        .filter((each) => each.region === region && each.settings.BackupRetentionPeriod > 0)
        .filter((each) => identifier === undefined || each.identifier === identifier);
      return page(parameters, {
        name: 'DBInstanceAutomatedBackups',
        member: 'DBInstanceAutomatedBackup',
        all: kept,
        keyOf: (each) => each.identifier,
        describe: (each) => describeAutomatedBackup(rds, each),
      });
    },

    async ModifyDBInstance(parameters, region) {
      const instance = namedInstance(rds, parameters, 'DBInstanceIdentifier', region);
      if (instance.status !== 'available') {
        throw invalidInstanceState('Database instance is not in available state.');
      }
      const password = parameters.text('MasterUserPassword');
      if (password !== undefined && !/^[!#-.0-?A-~]{8,128}$/.test(password)) {
        throw invalidCombination(
          "The parameter MasterUserPassword is not a valid password: 8 to 128 printable ASCII characters besides '/', '@', '\"' and ' ' may be used.",
        );
      }
      const settings = { ...instance.settings, ...settingsOf(parameters) };
      const status = password ? 'resetting-master-credentials' : 'modifying';
      await store.changeInstance(instance.resourceId, { settings, status });
      works.start(instance.resourceId, () => modify(rds, instance, { settings, password }));
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
      if (booleanOf(parameters, 'SkipFinalSnapshot') !== true) {
        throw notImplemented('DeleteDBInstance without SkipFinalSnapshot');
      }
      if (booleanOf(parameters, 'DeleteAutomatedBackups') === false) {
        throw notImplemented('DeleteDBInstance with DeleteAutomatedBackups=false');
      }
      await store.changeInstance(resourceId, { status: 'deleting' });
      void works.cancel(resourceId);
      works.start(resourceId, () => deleteInstance(rds, instance));
      return await described(instance);
    },

    async RemoveTagsFromResource(parameters, region) {
      const { resourceId, tags } = namedInstance(rds, parameters, 'ResourceName', region);
      const removed = parameters.list('TagKeys').map((key) => key.text() ?? '');
      const left = Object.entries(tags).filter(([key]) => !removed.includes(key));
      await store.changeInstance(resourceId, { tags: Object.fromEntries(left) });
      return undefined;
    },
  };
}

interface Modification {
  readonly settings: Instance['settings'];
  readonly password: string | undefined;
}

async function modify(rds: Rds, instance: Instance, { settings, password }: Modification): Promise<void> {
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
  await store.changeInstance(resourceId, { status });
  const changed = store.current(resourceId);
  if (changed) await tellOfInstance(rds, changed, 'Finished applying modification');
}

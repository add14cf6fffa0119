import type { QueryParameters } from '../query-parameters.ts';
import type { Action } from '../query-service.ts';
import type { XmlElements } from '../xml.ts';
import type { Rds } from './context.ts';
import { describeSnapshot } from './descriptions.ts';
import {
  invalidParameter,
  invalidSnapshotState,
  kmsKeyNotAccessible,
  missingParameter,
  snapshotNotFound,
} from './errors.ts';
import { type FilterFields, filterOf } from './filters.ts';
import { namedInstance, notForSnapshots } from './instance-actions.ts';
import { instanceArn, readName, snapshotArn } from './names.ts';
import { page } from './paging.ts';
import { booleanOf, newIdentifier, required, tagsOf } from './parameters.ts';
import type { Snapshot } from './records.ts';
import { beginCopy, beginSnapshot, deleteSnapshot, finishCopy, finishSnapshot } from './snapshots.ts';

const maxIdentifierLength = 255;
const snapshotTypes = ['automated', 'manual', 'shared', 'public', 'awsbackup'];

const filters: FilterFields<Snapshot> = {
  'db-instance-id': ({ region, instanceIdentifier }) => [
    instanceIdentifier,
    instanceArn({ region, identifier: instanceIdentifier }),
  ],
  'db-snapshot-id': (each) => [each.identifier, snapshotArn(each)],
  'dbi-resource-id': (each) => [each.resourceId],
  'snapshot-type': (each) => [each.type],
  engine: () => ['postgres'],
};

/** What RDS does with snapshots. */
export function snapshotActions(rds: Rds): Readonly<Record<string, Action>> {
  const { store, works } = rds;

  function named(parameters: QueryParameters, region: string): Snapshot {
    const { region: of, identifier } = readName(
      required(parameters, 'DBSnapshotIdentifier'),
      'snapshot',
      region,
    );
    if (of !== region) throw snapshotNotFound(identifier);
    return store.snapshot(region, identifier);
  }

  return {
    DescribeDBSnapshots(parameters, region) {
      const one = parameters.text('DBSnapshotIdentifier') ? named(parameters, region) : undefined;
      const all = store
        .snapshots()
        .filter((each) => each.region === region && (!one || each.folder === one.folder))
        .filter(asked(parameters, region))
        .filter(filterOf(parameters, filters));
      return page(parameters, {
        name: 'DBSnapshots',
        member: 'DBSnapshot',
        all,
        keyOf: ({ identifier }) => identifier,
        describe: describeSnapshot,
      });
    },

    async CreateDBSnapshot(parameters, region) {
      const identifier = newIdentifier(parameters, 'DBSnapshotIdentifier', maxIdentifierLength);
      const instance = namedInstance(rds, parameters, 'DBInstanceIdentifier', region);
      if (instance.status !== 'available') throw notForSnapshots(instance);
      const tags = tagsOf(parameters);
      const snapshot = await beginSnapshot(rds, instance, { identifier, type: 'manual', tags });
      works.start(instance.resourceId, ({ signal }) =>
        finishSnapshot(rds, snapshot, 'CreateDBSnapshot', signal),
      );
      return { DBSnapshot: describeSnapshot(snapshot) };
    },

    async CopyDBSnapshot(parameters, region) {
      const from = readName(required(parameters, 'SourceDBSnapshotIdentifier'), 'snapshot', region);
      const identifier = newIdentifier(parameters, 'TargetDBSnapshotIdentifier', maxIdentifierLength);
      const source = store.snapshot(from.region, from.identifier);
      if (source.status !== 'available') {
        throw invalidSnapshotState(
          `The source snapshot ${source.identifier} is in the state ${source.status}; it must be available.`,
        );
      }
      const kmsKeyId = targetKey(source, parameters.text('KmsKeyId'), region);
      const copied = (booleanOf(parameters, 'CopyTags') ?? false) ? source.tags : {};
      const tags = tagsOf(parameters) ?? copied;
      const copy = await beginCopy(rds, source, { region, identifier, tags, kmsKeyId });
      works.start(copy.folder, ({ signal, read }) => {
        read(source.folder);
        return finishCopy(rds, [source, copy], 'CopyDBSnapshot', signal);
      });
      return { DBSnapshot: describeSnapshot(copy) };
    },

    async DeleteDBSnapshot(parameters, region) {
      // An automated one has a colon in its name, which this operation does not take.
      newIdentifier(parameters, 'DBSnapshotIdentifier', maxIdentifierLength);
      const snapshot = named(parameters, region);
      const isCopy = snapshot.originalCreatedAt !== undefined;
      if (snapshot.status === 'creating' && !isCopy) {
        throw invalidSnapshotState(`The DB snapshot ${snapshot.identifier} is still being created.`);
      }
      // The deletion of a copy breaks it off.
      await works.cancel(snapshot.folder);
      await deleteSnapshot(rds, snapshot);
      return { DBSnapshot: describeSnapshot({ ...snapshot, status: 'deleted' }) };
    },

    DescribeDBSnapshotAttributes: (parameters, region) => describeAttributes(named(parameters, region)),

    async ModifyDBSnapshotAttribute(parameters, region) {
      const snapshot = named(parameters, region);
      const name = required(parameters, 'AttributeName');
      if (name !== 'restore') throw invalidParameter(`Invalid attribute name: ${name}`);
      if (snapshot.type !== 'manual' || snapshot.status !== 'available') {
        throw invalidSnapshotState('Only manual snapshots that are available can be shared.');
      }
      const values = (list: string) =>
        parameters.list(list, 'AttributeValue').map((value) => value.text() ?? '');
      const removed = values('ValuesToRemove');
      const added = values('ValuesToAdd');
      const wrong = added.find((value) => !/^(\d{12}|all)$/.test(value));
      if (wrong !== undefined) throw invalidParameter(`Invalid account id: ${wrong}`);
      if (snapshot.isEncrypted && added.includes('all')) {
        throw invalidParameter('An encrypted snapshot cannot be made public.');
      }
      const kept = [...snapshot.restorableBy, ...added].filter((value) => !removed.includes(value));
      const changed = { ...snapshot, restorableBy: [...new Set(kept)] };
      await store.putSnapshot(changed);
      return describeAttributes(changed);
    },
  };
}

/** By instance and by type; nothing here belongs to another account, so none is shared with this one. */
function asked(parameters: QueryParameters, region: string): (each: Snapshot) => boolean {
  const type = parameters.text('SnapshotType');
  if (type !== undefined && !snapshotTypes.includes(type)) {
    throw invalidParameter(`Invalid value ${type} for SnapshotType.`);
  }
  const of = parameters.text('DBInstanceIdentifier');
  const instance = of === undefined ? undefined : readName(of, 'db', region).identifier;
  const resourceId = parameters.text('DbiResourceId');
  return (each) =>
    (instance === undefined || each.instanceIdentifier === instance) &&
    (resourceId === undefined || each.resourceId === resourceId) &&
    (type === undefined || each.type === type || (type === 'public' && each.restorableBy.includes('all')));
}

/**
 * The key of a copy. A key belongs to one region, so an encrypted snapshot that goes to another needs one there.
 * @throws AwsError MissingParameter, KMSKeyNotAccessibleFault
 */
function targetKey(source: Snapshot, given: string | undefined, region: string): string | undefined {
  const needsOne = source.isEncrypted && source.region !== region;
  if (given === undefined && needsOne) throw missingParameter('KmsKeyId');
  const [, , service, keyRegion] = given?.startsWith('arn:') ? given.split(':') : [];
  if (given !== undefined && service !== undefined && (service !== 'kms' || keyRegion !== region)) {
    throw kmsKeyNotAccessible(given);
  }
  return given;
}

function describeAttributes({ identifier, restorableBy }: Snapshot): XmlElements {
  return {
    DBSnapshotAttributesResult: {
      DBSnapshotIdentifier: identifier,
      DBSnapshotAttributes: {
        DBSnapshotAttribute: [
          { AttributeName: 'restore', AttributeValues: { AttributeValue: restorableBy } },
        ],
      },
    },
  };
}

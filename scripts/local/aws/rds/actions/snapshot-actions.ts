import type { QueryParameters } from '../../query-parameters.ts';
import type { Action } from '../../query-service.ts';
import type { XmlElements } from '../../xml.ts';
import type { Rds } from '../context.ts';
import { describeSnapshot } from '../descriptions.ts';
import { invalidInstanceState, invalidParameter, invalidSnapshotState, snapshotNotFound } from '../errors.ts';
import type { Snapshot } from '../records.ts';
import { askedInstance } from '../request/filters.ts';
import { readName } from '../request/names.ts';
import { page } from '../request/paging.ts';
import { newIdentifier, required } from '../request/parameters.ts';
import { beginCopy, beginSnapshot, deleteSnapshot, finishCopy, finishSnapshot } from '../snapshots.ts';
import { namedInstance } from './instance-actions.ts';

const maxIdentifierLength = 255;
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
      const instance = askedInstance(parameters, region);
      const all = store
        .snapshots()
        .filter((each) => each.region === region && (!one || each.folder === one.folder))
        .filter((each) => instance === undefined || each.instanceIdentifier === instance);
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
      if (instance.status !== 'available') {
        throw invalidInstanceState(
          `Cannot create a snapshot because the database instance ${instance.identifier} is not currently in the available state.`,
        );
      }
      const snapshot = await beginSnapshot(rds, instance, { identifier, type: 'manual' });
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
      const copy = await beginCopy(rds, source, {
        region,
        identifier,
        kmsKeyId: parameters.text('KmsKeyId'),
      });
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
      const kept = [...snapshot.restorableBy, ...added].filter((value) => !removed.includes(value));
      const changed = { ...snapshot, restorableBy: [...new Set(kept)] };
      await store.putSnapshot(changed);
      return describeAttributes(changed);
    },
  };
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

import { AwsError } from '#scripts/local/aws/aws-error.ts';
import type { QueryParameters } from '#scripts/local/aws/query-parameters.ts';
import { startQueryService } from '#scripts/local/aws/query-service.ts';
import type { XmlElements } from '#scripts/local/aws/xml.ts';

/** A snapshot of a cluster as the API describes it, with the accounts that may restore it. */
export interface ClusterSnapshot {
  readonly description: XmlElements;
  readonly restorers: readonly string[];
}

/** The state of the scripted Aurora. It has only descriptions: the local RDS has no clusters, so nothing is backed up. */
export interface AuroraState {
  cluster: XmlElements | undefined;
  /** By region. */
  snapshots: Record<string, ClusterSnapshot[]>;
  /** The replicas of automated backups, by region. */
  replicas: Record<string, XmlElements[]>;
  /** The time at which each snapshot began, by its identifier. */
  begun: Record<string, Date>;
}

/** Answers the real SDK as Aurora would, over the Query protocol. Records every call. */
export async function startAurora(state: AuroraState) {
  const { AWS_ACCESS_KEY_ID: accessKeyId = '', AWS_SECRET_ACCESS_KEY: secretAccessKey = '' } = process.env;
  const isOf = (parameters: QueryParameters, description: XmlElements | undefined) => {
    const [filter] = parameters.list('Filters', 'Filter');
    const asked = filter?.list('Values', 'Value')[0]?.text() ?? parameters.text('DBClusterIdentifier');
    return description !== undefined && description.DBClusterIdentifier === asked;
  };
  return await startQueryService({
    name: 'rds',
    namespace: 'http://rds.amazonaws.com/doc/2014-10-31/',
    key: { accessKeyId, secretAccessKey },
    actions: {
      DescribeDBClusters(parameters) {
        if (!isOf(parameters, state.cluster)) {
          throw new AwsError('DBClusterNotFoundFault', 404, 'DBCluster not found.');
        }
        return { DBClusters: { DBCluster: [state.cluster ?? {}] } };
      },
      DescribeDBClusterSnapshots(parameters, region) {
        const there = (state.snapshots[region] ?? []).map(({ description }) => description);
        return { DBClusterSnapshots: { DBClusterSnapshot: there.filter((each) => isOf(parameters, each)) } };
      },
      DescribeDBClusterSnapshotAttributes(parameters, region) {
        const asked = parameters.text('DBClusterSnapshotIdentifier');
        const found = state.snapshots[region]?.find(
          ({ description }) => description.DBClusterSnapshotIdentifier === asked,
        );
        if (!found) throw new AwsError('DBClusterSnapshotNotFoundFault', 404, `${asked} not found.`);
        const attribute = {
          AttributeName: 'restore',
          AttributeValues: { AttributeValue: [...found.restorers] },
        };
        return {
          DBClusterSnapshotAttributesResult: {
            DBClusterSnapshotIdentifier: asked,
            DBClusterSnapshotAttributes: { DBClusterSnapshotAttribute: [attribute] },
          },
        };
      },
      DescribeDBClusterAutomatedBackups(parameters, region) {
        const there = (state.replicas[region] ?? []).filter((each) => isOf(parameters, each));
        return { DBClusterAutomatedBackups: { DBClusterAutomatedBackup: there } };
      },
      DescribeDBInstances: () => ({ DBInstances: { DBInstance: [] } }),
      DescribeEvents(parameters) {
        const at = state.begun[parameters.text('SourceIdentifier') ?? ''];
        const isAsked = parameters.text('SourceType') === 'db-cluster-snapshot';
        return { Events: { Event: at && isAsked ? [{ Date: at.toISOString() }] : [] } };
      },
    },
  });
}

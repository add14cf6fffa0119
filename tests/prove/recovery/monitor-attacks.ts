import { closeAwsClients } from '#platform/aws-call.ts';
import { evidenceConfig } from '#platform/config.ts';
import { environment } from '#platform/environment.ts';
import { putEvidence, readEvidence } from '#platform/evidence.ts';
import type { BlindReason } from '#recovery/monitor/blindness.ts';
import type { MonitorOptions } from '#recovery/monitor/monitor.ts';
import { rdsClient } from '#recovery/rds/rds.ts';
import { withRole } from '#scripts/cli/database/connect.ts';
import { asSuperuser } from '../clone.ts';
import { otherRegion } from './backed-up.ts';
import { leaveInTheMaking } from './backup-attacks.ts';
import { type Sabotage, saidByChecks, saidByProofs, type Teller } from './sabotage.ts';
import type { RecoveryStage } from './stage.ts';

const checks = (...names: readonly string[]): Teller[] => names.map((name) => `check ${name}` as const);

/** The checks that ask RDS for anything. */
const ofRds = checks(
  'copy-elsewhere',
  'database-status',
  'deletion-protection',
  'drill-leftovers',
  'encryption',
  'latest-restorable-time',
  'newest-snapshot',
  'retention',
  'snapshots-finish',
  'snapshots-private',
);

interface Blindfold {
  readonly end: () => void;
  readonly with?: Partial<MonitorOptions>;
}

/** What the monitor may not do or cannot reach: nothing that depends on it may be ok. */
interface Blinded {
  readonly name: string;
  readonly tellers: readonly Teller[];
  /** Each of them must give it, and be one that could not run. */
  readonly reason: BlindReason;
  readonly says?: RegExp;
  /** Answers what ends it, and what the monitor is asked with meanwhile. */
  readonly blind: (stage: RecoveryStage) => Blindfold | Promise<Blindfold>;
}

/** What the handler of every client has, and its type in the client leaves out. */
interface ImpatientHandler {
  updateHttpClientConfig(key: 'requestTimeout', ms: number): void;
}

type Fault = Parameters<RecoveryStage['world']['aws']['rds']['faults']['inject']>[0];

const rdsThatIs =
  (fault: Fault, operation?: string): Blinded['blind'] =>
  ({ world }) => ({ end: world.aws.rds.faults.inject(fault, operation === undefined ? {} : { operation }) });

const without = (operation: string, tellers: readonly Teller[]): Blinded => ({
  name: `monitor without the permission for ${operation}`,
  tellers,
  reason: 'permission_missing',
  says: new RegExp(`Permission is missing: RDS ${operation}`),
  blind: rdsThatIs('denied', operation),
});

const blinded: readonly Blinded[] = [
  {
    name: 'monitor without any permission for RDS',
    tellers: ofRds,
    reason: 'permission_missing',
    blind: rdsThatIs('denied'),
  },
  without(
    'DescribeDBInstances',
    ofRds.filter((each) => each !== 'check copy-elsewhere'),
  ),
  without(
    'DescribeDBSnapshots',
    checks('copy-elsewhere', 'encryption', 'newest-snapshot', 'snapshots-finish', 'snapshots-private'),
  ),
  without('DescribeDBSnapshotAttributes', checks('snapshots-private')),
  without(
    'DescribeDBInstanceAutomatedBackups',
    ofRds.filter((each) => each !== 'check drill-leftovers'),
  ),
  {
    ...without('DescribeEvents', checks('snapshots-finish')),
    // It is asked since when a snapshot has been in the making.
    blind: async (stage) => {
      await leaveInTheMaking(stage);
      return rdsThatIs('denied', 'DescribeEvents')(stage);
    },
  },
  {
    name: 'monitor without the permission for ListSubscriptionsByTopic',
    tellers: checks('alert-path'),
    reason: 'permission_missing',
    blind: ({ world }) => ({
      end: world.aws.sns.faults.inject('denied', { operation: 'ListSubscriptionsByTopic' }),
    }),
  },
  { name: 'throttled API', tellers: ofRds, reason: 'throttled', blind: rdsThatIs('throttled') },
  { name: 'RDS failing inside', tellers: ofRds, reason: 'failing', blind: rdsThatIs('failing') },
  { name: 'RDS down', tellers: ofRds, reason: 'unreachable', blind: rdsThatIs('down') },
  {
    name: 'RDS that does not answer',
    tellers: ofRds,
    reason: 'timeout',
    blind: async (stage) => {
      // Asked as often as ever, and not waited for as long.
      for (const region of [undefined, otherRegion]) {
        const { requestHandler } = rdsClient(region).config as unknown as {
          requestHandler: ImpatientHandler;
        };
        requestHandler.updateHttpClientConfig('requestTimeout', 200);
      }
      const { end } = await rdsThatIs('silent')(stage);
      return {
        end() {
          end();
          closeAwsClients();
        },
      };
    },
  },
  {
    name: 'credentials that AWS does not take',
    tellers: [...ofRds, ...checks('alert-path')],
    reason: 'no_credentials',
    blind: () => ({ end: set('AWS_SECRET_ACCESS_KEY', 'of-somebody-else') }),
  },
  {
    name: 'database not named to the monitor',
    // Whether the last drill was of it cannot be known either.
    tellers: [...ofRds, ...checks('last-drill', 'recovery-time')],
    reason: 'not_configured',
    blind: () => ({ end: set(environment.dbInstanceIdentifier, '') }),
  },
  {
    name: 'database that the monitor cannot reach',
    tellers: checks('durability', 'alert-path'),
    reason: 'database_unreachable',
    blind: ({ world }) => {
      const gone = new URL(world.adminUrl);
      gone.port = '1';
      return {
        end: () => {},
        with: { inJobs: (work) => withRole(gone.href, 'stockade_jobs', work) },
      };
    },
  },
];

/** What keeps those from looking who are to look. */
export const ofTheMonitor: readonly Sabotage[] = [
  ...blinded.map(
    ({ name, tellers, reason, says, blind }): Sabotage => ({
      name,
      tellers,
      ...(says && { says }),
      commit: async (stage) => {
        await stage.world.round();
        const { end, with: options } = await blind(stage);
        try {
          const results = await stage.look(options);
          return {
            said: saidByChecks(results),
            note: reason,
            faults: results
              .filter(({ status }) => status !== 'ok' && status !== 'not_applicable')
              .filter((each) => each.status !== 'could_not_run' || each.reason !== reason)
              .map((each) => `${each.check} is ${each.status} because of ${each.reason}, not of ${reason}`),
          };
        } finally {
          end();
        }
      },
    }),
  ),
  {
    name: 'verifier cannot connect',
    // Everything but what asks no copy.
    tellers: (
      [
        'schema',
        'isolation',
        'heap',
        'indexes',
        'references',
        'sequences',
        'organizations',
        'balances',
        'seals',
        'heartbeat',
      ] as const
    ).map((proof) => `proof ${proof}` as const),
    says: /ECONNREFUSED/,
    commit: async (stage) => {
      await using copy = await stage.copy();
      const unreachable = new URL(copy.url);
      unreachable.port = '1';
      return { said: saidByProofs((await stage.prove(unreachable.href)).outcomes) };
    },
  },
  {
    name: 'anchor missing',
    tellers: ['proof seals'],
    says: /anchor_missing: seal 1 was anchored/,
    commit: async (stage) => {
      await using copy = await stage.copy();
      const { bucket, key } = await firstAnchor(copy.url);
      const body = (await readEvidence(key)) ?? new Uint8Array();
      await stage.world.aws.s3.lose(bucket, key);
      try {
        return { said: saidByProofs((await stage.prove(copy.url)).outcomes) };
      } finally {
        await putEvidence(key, body);
      }
    },
  },
  {
    name: 'anchors that cannot be read',
    tellers: ['proof organizations', 'proof seals'],
    commit: async (stage) => {
      await using copy = await stage.copy();
      const end = set(environment.evidenceBucket, 'another-bucket');
      try {
        return { said: saidByProofs((await stage.prove(copy.url)).outcomes) };
      } finally {
        end();
      }
    },
  },
];

/** Sets what clients of AWS are made with, until it is ended. */
function set(name: string, value: string): () => void {
  const before = process.env[name];
  process.env[name] = value;
  closeAwsClients();
  return () => {
    process.env[name] = before;
    closeAwsClients();
  };
}

async function firstAnchor(url: string): Promise<{ bucket: string; key: string }> {
  return await asSuperuser(url, async (superuser) => {
    const { rows } = await superuser.query<{ key: string }>(
      `select a.key from inventory.seal_anchors a
       join tenancy.organizations o on o.id = a.org_id and o.slug = 'target'
       where a.seq = 1`,
    );
    return { bucket: evidenceConfig().bucket, key: rows[0]?.key ?? '' };
  });
}

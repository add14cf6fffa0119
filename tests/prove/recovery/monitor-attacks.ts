import { closeAwsClients } from '#platform/aws/call.ts';
import { putEvidence, readEvidence } from '#platform/aws/evidence.ts';
import { evidenceConfig } from '#platform/config.ts';
import { environment } from '#platform/environment.ts';
import type { BlindReason } from '#recovery/monitor/blindness.ts';
import type { MonitorOptions } from '#recovery/monitor/monitor.ts';
import { rdsClient } from '#recovery/rds/rds.ts';
import { withRole } from '#scripts/cli/database/connect.ts';
import { asSuperuser } from '../clone.ts';
import { otherRegion } from './backed-up.ts';
import { leaveInTheMaking } from './backup-attacks.ts';
import type { RecoveryFixture } from './fixture.ts';
import { type Reporter, type Sabotage, saidByChecks, saidByProofs } from './sabotage.ts';

const checks = (...names: readonly string[]): Reporter[] => names.map((name) => `check ${name}` as const);

/** The checks that ask RDS. */
const rdsChecks = checks(
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

/** A monitor that cannot see something. */
interface Blindfold {
  readonly end: () => void;
  readonly with?: Partial<MonitorOptions>;
}

/** Something that the monitor may not do or cannot reach. No check that needs it may be ok. */
interface Blinded {
  readonly name: string;
  readonly reporters: readonly Reporter[];
  /** Each reporter must have the status could_not_run with this reason. */
  readonly reason: BlindReason;
  readonly says?: RegExp;
  /** Begins it. Returns what ends it, and the options of the monitor meanwhile. */
  readonly blind: (fixture: RecoveryFixture) => Blindfold | Promise<Blindfold>;
}

/** A method that the handler of every client has, and that its type in the client leaves out. */
interface ImpatientHandler {
  updateHttpClientConfig(key: 'requestTimeout', ms: number): void;
}

type Fault = Parameters<RecoveryFixture['world']['aws']['rds']['faults']['inject']>[0];

const rdsThatIs =
  (fault: Fault, operation?: string): Blinded['blind'] =>
  ({ world }) => ({ end: world.aws.rds.faults.inject(fault, operation === undefined ? {} : { operation }) });

const without = (operation: string, reporters: readonly Reporter[]): Blinded => ({
  name: `monitor without the permission for ${operation}`,
  reporters,
  reason: 'permission_missing',
  says: new RegExp(`Permission is missing: RDS ${operation}`),
  blind: rdsThatIs('denied', operation),
});

const blinded: readonly Blinded[] = [
  {
    name: 'monitor without any permission for RDS',
    reporters: rdsChecks,
    reason: 'permission_missing',
    blind: rdsThatIs('denied'),
  },
  without(
    'DescribeDBInstances',
    rdsChecks.filter((each) => each !== 'check copy-elsewhere'),
  ),
  without(
    'DescribeDBSnapshots',
    checks('copy-elsewhere', 'encryption', 'newest-snapshot', 'snapshots-finish', 'snapshots-private'),
  ),
  without('DescribeDBSnapshotAttributes', checks('snapshots-private')),
  without(
    'DescribeDBInstanceAutomatedBackups',
    rdsChecks.filter((each) => each !== 'check drill-leftovers'),
  ),
  {
    ...without('DescribeEvents', checks('snapshots-finish')),
    // The monitor asks for the events only of an unfinished snapshot.
    blind: async (fixture) => {
      await leaveInTheMaking(fixture);
      return rdsThatIs('denied', 'DescribeEvents')(fixture);
    },
  },
  {
    name: 'monitor without the permission for ListSubscriptionsByTopic',
    reporters: checks('alert-path'),
    reason: 'permission_missing',
    blind: ({ world }) => ({
      end: world.aws.sns.faults.inject('denied', { operation: 'ListSubscriptionsByTopic' }),
    }),
  },
  { name: 'throttled API', reporters: rdsChecks, reason: 'throttled', blind: rdsThatIs('throttled') },
  { name: 'RDS failing inside', reporters: rdsChecks, reason: 'failing', blind: rdsThatIs('failing') },
  { name: 'RDS down', reporters: rdsChecks, reason: 'unreachable', blind: rdsThatIs('down') },
  {
    name: 'RDS that does not answer',
    reporters: rdsChecks,
    reason: 'timeout',
    blind: async (fixture) => {
      // As many attempts as usual, but with a short timeout.
      for (const region of [undefined, otherRegion]) {
        const { requestHandler } = rdsClient(region).config as unknown as {
          requestHandler: ImpatientHandler;
        };
        requestHandler.updateHttpClientConfig('requestTimeout', 200);
      }
      const { end } = await rdsThatIs('silent')(fixture);
      return {
        end() {
          end();
          closeAwsClients();
        },
      };
    },
  },
  {
    name: 'credentials that AWS does not accept',
    reporters: [...rdsChecks, ...checks('alert-path')],
    reason: 'no_credentials',
    blind: () => ({ end: set('AWS_SECRET_ACCESS_KEY', 'of-somebody-else') }),
  },
  {
    name: 'monitor without a configured database',
    // It cannot compare the last drill with the database either.
    reporters: [...rdsChecks, ...checks('last-drill', 'recovery-time')],
    reason: 'not_configured',
    blind: () => ({ end: set(environment.dbInstanceIdentifier, '') }),
  },
  {
    name: 'database that the monitor cannot reach',
    reporters: checks('durability', 'alert-path'),
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

/** Sabotages that keep the monitor or the proofs from looking. */
export const monitorAttacks: readonly Sabotage[] = [
  ...blinded.map(
    ({ name, reporters, reason, says, blind }): Sabotage => ({
      name,
      reporters,
      ...(says && { says }),
      commit: async (fixture) => {
        await fixture.world.round();
        const { end, with: options } = await blind(fixture);
        try {
          const results = await fixture.look(options);
          return {
            said: saidByChecks(results),
            note: reason,
            faults: results
              .filter(({ status }) => status !== 'ok' && status !== 'not_applicable')
              .filter((each) => each.status !== 'could_not_run' || each.reason !== reason)
              .map((each) => `${each.check} is ${each.status} with the reason ${each.reason}, not ${reason}`),
          };
        } finally {
          end();
        }
      },
    }),
  ),
  {
    name: 'verifier cannot connect',
    // Every proof that reads the copy.
    reporters: (
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
    commit: async (fixture) => {
      await using copy = await fixture.copy();
      const unreachable = new URL(copy.url);
      unreachable.port = '1';
      return { said: saidByProofs((await fixture.prove(unreachable.href)).outcomes) };
    },
  },
  {
    name: 'anchor missing',
    reporters: ['proof seals'],
    says: /anchor_missing: seal 1 was anchored/,
    commit: async (fixture) => {
      await using copy = await fixture.copy();
      const { bucket, key } = await firstAnchor(copy.url);
      const body = (await readEvidence(key)) ?? new Uint8Array();
      await fixture.world.aws.s3.lose(bucket, key);
      try {
        return { said: saidByProofs((await fixture.prove(copy.url)).outcomes) };
      } finally {
        await putEvidence(key, body);
      }
    },
  },
  {
    name: 'anchors that cannot be read',
    reporters: ['proof organizations', 'proof seals'],
    commit: async (fixture) => {
      await using copy = await fixture.copy();
      const end = set(environment.evidenceBucket, 'another-bucket');
      try {
        return { said: saidByProofs((await fixture.prove(copy.url)).outcomes) };
      } finally {
        end();
      }
    },
  },
];

/** Sets a variable of the AWS clients. Returns a function that restores it. */
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

import type { ClientBase } from 'pg';
import { describe, expect, test } from 'vitest';
import { reconcileDue } from '#audit/reconciliation/runs/job.ts';
import { sendDiscrepancyAlert } from '#audit/reconciliation/runs/send-alerts.ts';
import { checkSeals } from '#audit/reconciliation/seal-check.ts';
import { anchorKey } from '#audit/seals/anchor-key.ts';
import { genesisHash, type Seal, sealHash } from '#audit/seals/seal.ts';
import { sealOrganization } from '#audit/seals/seal-organization.ts';
import { putEvidence } from '#platform/aws/evidence.ts';
import { openAws } from '#tests/aws.ts';
import { run } from '#tests/commands/run.ts';
import type { Caller } from '#tests/world.ts';
import { noLimit, openBooks } from './books.ts';

const books = openBooks();
const aws = openAws();

/** An organization with a seal that is anchored, and something behind it. */
async function sealedOrganization(): Promise<Caller> {
  const acme = await books.organization();
  expect((await sealOrganization(books.jobs, acme.id)).anchoring).toEqual({ anchored: 1 });
  await acme.post('receipt', { sku: 'A', location: 'MAIN', quantity: 3 });
  return acme;
}

/** A connection on which something happens just before the first snapshot is taken. */
function beforeSnapshot(jobs: ClientBase, happens: () => Promise<unknown>): ClientBase {
  let isDone = false;
  const query = async (...args: [string, unknown[]?]) => {
    if (!isDone && args[0].startsWith('begin isolation level repeatable read')) {
      isDone = true;
      await happens();
    }
    return await jobs.query(...args);
  };
  return { query } as unknown as ClientBase;
}

test('a seal that is made and anchored while the anchors are being listed is not missed among them', async () => {
  const acme = await sealedOrganization();
  const other = await books.world.connect('stockade_jobs');
  const meanwhile = beforeSnapshot(books.jobs, async () => {
    expect((await sealOrganization(other, acme.id)).anchoring).toEqual({ anchored: 1 });
  });
  expect(await checkSeals(meanwhile, acme.id)).toEqual([]);
});

test('an anchor that is gone is named', async () => {
  const acme = await sealedOrganization();
  const key = aws.evidenceKeys().find((each) => each.includes(acme.id)) ?? '';
  await aws.local.s3.lose(process.env.STOCKADE_EVIDENCE_BUCKET ?? '', key);
  expect(await checkSeals(books.jobs, acme.id)).toMatchObject([
    { cause: 'anchor_missing', detail: { seal: 1, message: expect.stringContaining(`${key} is missing`) } },
  ]);
});

test('a bucket that refuses to be read is reported, also without new movements; one that does not answer is not', async () => {
  const acme = await books.organization();
  await reconcileDue(books.jobs, noLimit);
  const makeDue = () =>
    books.superuser.query(
      `update inventory.reconciliation_state set due_at = '-infinity' where org_id = $1`,
      [acme.id],
    );
  const before = aws.alerts().length;
  for (const operation of ['ListObjectVersions', 'GetObject']) {
    await makeDue();
    const endDenial = aws.local.s3.faults.inject('denied', { operation });
    try {
      expect(await checkSeals(books.jobs, acme.id)).toMatchObject([
        { cause: 'unknown', detail: { couldNotRun: true, message: expect.stringContaining(operation) } },
      ]);
      expect(await reconcileDue(books.jobs, noLimit)).toMatchObject({ failed: 0, alerted: 1, sealed: 0 });
      expect(aws.alerts().at(-1)).toMatchObject({
        name: 'BalanceDiscrepancy',
        severity: 'warning',
        message: expect.stringMatching(/could not be compared with their anchors.*AccessDenied/s),
      });
      const outcome = await run('ledger/reconcile-balances.ts', ['--org', acme.slug, '--full'], {
        DATABASE_URL: books.world.adminUrl,
      });
      expect([outcome.exitCode, outcome.stdout]).toEqual([1, expect.stringContaining('AccessDenied')]);
    } finally {
      endDenial();
    }
  }
  expect(aws.alerts().slice(before)).toMatchObject(Array(4).fill({ name: 'BalanceDiscrepancy' }));

  await makeDue();
  const endFault = aws.local.s3.faults.inject('down');
  try {
    expect(await reconcileDue(books.jobs, noLimit)).toMatchObject({ failed: 0, alerted: 0 });
  } finally {
    endFault();
  }
}, 60_000);

test('it is also reported together with a wrong balance, and no cause is called unknown', async () => {
  const acme = await sealedOrganization();
  expect(await books.reconcile(acme)).toMatchObject({ clean: true });
  await books.write(acme, 'B', 'on_hand = on_hand * 2');
  const endDenial = aws.local.s3.faults.inject('denied');
  try {
    await books.reconcile(acme, { onAlert: (report) => sendDiscrepancyAlert(books.jobs, acme, report) });
  } finally {
    endDenial();
  }
  const said = aws.alerts().at(-1);
  expect(said).toMatchObject({ name: 'BalanceDiscrepancy', severity: 'critical' });
  expect(said?.message).toContain(
    '1 balance differs from its movements and the seals could not be compared with their anchors',
  );
  expect(said?.message).not.toContain('the cause is unknown');
});

test('without a bucket only what was written down in one is missed', async () => {
  const [sealed, unsealed] = [await sealedOrganization(), await books.organization()];
  const bucket = process.env.STOCKADE_EVIDENCE_BUCKET;
  delete process.env.STOCKADE_EVIDENCE_BUCKET;
  try {
    expect(await checkSeals(books.jobs, unsealed.id)).toEqual([]);
    expect(await checkSeals(books.jobs, sealed.id)).toMatchObject([
      { detail: { couldNotRun: true, message: expect.stringContaining('STOCKADE_EVIDENCE_BUCKET') } },
    ]);
  } finally {
    process.env.STOCKADE_EVIDENCE_BUCKET = bucket;
  }
});

test.each(['daily', 'full'] as const)(
  'a %s run reports a closing balance with more movements than can be counted as altered',
  async (kind) => {
    const acme = await books.organization();
    expect(await books.reconcile(acme)).toMatchObject({ clean: true });
    await sealOrganization(books.jobs, acme.id);
    await acme.post('receipt', { sku: 'A', location: 'MAIN', quantity: 3 });
    const closings = (change: string) =>
      books.superuser.query(`alter table inventory.seal_closings ${change}`);
    await closings('disable trigger append_only');
    await books.superuser.query(
      `update inventory.seal_closings set version = 9223372036854775807
     where org_id = $1 and item_id = (select id from inventory.items where org_id = $1 and sku = 'A')`,
      [acme.id],
    );
    await closings('enable always trigger append_only');
    const run = await books.reconcile(acme, { kind });
    expect(run.discrepancies).toMatchObject([{ cause: 'seal_altered', action: 'alerted' }]);
  },
);

describe('of more seals than a page has', () => {
  const count = 1_001;
  const instant = '2026-03-01T09:30:00.000Z';
  const boundary = (seq: number) => `01990000-0000-7000-8000-${String(seq).padStart(12, '0')}`;

  /** Seals as they would follow from each other. Movements that they cover there are none: here nobody asks for them. */
  function chain(orgId: string): Seal[] {
    const seals: Seal[] = [];
    for (let seq = 1; seq <= count; seq += 1) {
      const seal = {
        ...{ version: 2, seq, movements: 1, entries: 1, closings: 1 },
        ...{ merkleRoot: 'ab'.repeat(32), closingDigest: 'cd'.repeat(32) },
        previousHash: seals.at(-1)?.hash ?? genesisHash,
        afterEntry: seq === 1 ? null : boundary(seq - 1),
        boundary: boundary(seq),
        ...{ recordedThrough: instant, settledThrough: instant, sealedAt: instant },
      };
      seals.push({ ...seal, hash: sealHash(orgId, seal) });
    }
    return seals;
  }

  /** Neither triggers nor foreign keys are in the way. */
  const change = async ({ id }: Caller, statement: string) => {
    const triggers = (how: string) =>
      `alter table inventory.seals ${how} trigger append_only, ${how} trigger append_only_rows`;
    await books.superuser.query(`
      begin;
      set local session_replication_role = replica;
      ${triggers('disable')};
      ${statement} and org_id = '${id}';
      ${triggers('enable always')};
      commit`);
  };
  const closedAt = async ({ id }: Caller, seq: number) => {
    await books.superuser.query('begin; set local session_replication_role = replica');
    await books.superuser.query('delete from inventory.seal_boundaries where org_id = $1', [id]);
    await books.superuser.query('insert into inventory.seal_boundaries values ($1, $2, now())', [
      id,
      boundary(seq),
    ]);
    await books.superuser.query('commit');
  };
  const check = async ({ id }: Caller) =>
    (await checkSeals(books.jobs, id)).map(({ cause, detail }) => [cause, detail.seal, detail.message]);

  /** An organization with so many seals, and nothing wrong with them. */
  async function sealed(): Promise<Caller> {
    const acme = await books.world.createOrganization();
    await books.superuser.query('begin; set local session_replication_role = replica');
    await books.superuser.query(
      `insert into inventory.seals (
         org_id, version, seq, previous_hash, after_entry, boundary, movements, entries, merkle_root, closings,
         closing_digest, recorded_through, settled_through, sealed_at, hash
       )
       select $1, s.version, s.seq, decode(s."previousHash", 'hex'), s."afterEntry", s.boundary, s.movements, s.entries,
         decode(s."merkleRoot", 'hex'), s.closings, decode(s."closingDigest", 'hex'),
         s."recordedThrough", s."settledThrough", s."sealedAt", decode(s.hash, 'hex')
       from jsonb_to_recordset($2) as s(
         version smallint, seq bigint, "previousHash" text, "afterEntry" uuid, boundary uuid, movements bigint,
         entries bigint, "merkleRoot" text, closings bigint, "closingDigest" text, "recordedThrough" timestamptz, "settledThrough" timestamptz,
         "sealedAt" timestamptz, hash text
       )`,
      [acme.id, JSON.stringify(chain(acme.id))],
    );
    await books.superuser.query('commit');
    await closedAt(acme, count);
    return acme;
  }

  test('all that follow from each other are right, also across the end of a page', async () => {
    const acme = await sealed();
    expect(await check(acme)).toEqual([]);
  });

  test('the last of a page and the first of the next are named when they were altered', async () => {
    const acme = await sealed();
    await change(acme, `update inventory.seals set hash = sha256('other') where seq in (1000, 1001)`);
    const own = 'its hash does not match its fields';
    expect(await check(acme)).toEqual([
      ['seal_altered', 1_000, own],
      ['seal_altered', 1_001, own],
    ]);
    for (const { seq, hash } of chain(acme.id).slice(-2))
      await change(acme, `update inventory.seals set hash = decode('${hash}', 'hex') where seq = ${seq}`);
    expect(await check(acme)).toEqual([]);
  });

  test('the boundary is compared with the last seal', async () => {
    const acme = await sealed();
    await closedAt(acme, count - 1);
    expect(await check(acme)).toEqual([
      ['seal_altered', count, expect.stringContaining('boundary that protects it from later movements')],
    ]);
    await closedAt(acme, count);
    expect(await check(acme)).toEqual([]);
  });

  test('a missing anchor of the last seal is found, and an anchor with another content too', async () => {
    const acme = await sealed();
    const bucket = process.env.STOCKADE_EVIDENCE_BUCKET ?? '';
    const key = anchorKey(acme.id, count);
    await books.superuser.query(
      'insert into inventory.seal_anchors (org_id, seq, bucket, key) values ($1, $2, $3, $4)',
      [acme.id, count, bucket, key],
    );
    expect(await check(acme)).toEqual([['anchor_missing', count, `s3://${bucket}/${key} is missing`]]);
    await putEvidence(key, '{}');
    expect(await check(acme)).toEqual([
      ['seal_altered', count, `the content of s3://${bucket}/${key} does not match the seal`],
    ]);
    // Of one more that the database does not have.
    await putEvidence(anchorKey(acme.id, count + 1), '{}');
    expect(await check(acme)).toEqual([
      [
        'seal_altered',
        count + 1,
        expect.stringMatching(/1002\.json belongs to a seal that is not in the database$/),
      ],
      ['seal_altered', count, `the content of s3://${bucket}/${key} does not match the seal`],
    ]);
  });

  test('one that is gone is missed, and a page that is full then is not the last for that', async () => {
    const acme = await sealed();
    await change(acme, 'delete from inventory.seals where seq = 1000');
    expect((await check(acme))[0]).toEqual(['seal_altered', 1_001, 'a seal before it is missing']);
  });
});

import type { Client } from 'pg';
import { readLabels } from '#audit/reconciliation/runs/labels.ts';
import { asSuperuser, cloneDatabase } from '../clone.ts';
import type { FaultClass, LoseEvidence } from './fault-class.ts';
import { asJobs, reconcile, targetSlug } from './fixture.ts';

/** The result of one class of faults. */
export interface InjectionResult {
  readonly name: string;
  /** The items that were found. */
  readonly skus: readonly string[];
  readonly causes: readonly string[];
  readonly actions: readonly string[];
  /** The differences from the expected result; empty when there are none. */
  readonly faults: readonly string[];
}

/**
 * Damages a copy of the fixture, reconciles it in full, and compares the result with the expected one: the right keys, cause
 * and action; an alert when something is not corrected; correct balances after a correction; and no other change.
 */
export async function inject(
  cluster: { readonly clusterUrl: string; readonly template: string; readonly loseEvidence: LoseEvidence },
  fault: FaultClass,
): Promise<InjectionResult> {
  await using clone = await cloneDatabase(cluster.clusterUrl, cluster.template);
  return await asSuperuser(clone.url, async (superuser) => {
    const orgId = await idOf(superuser);
    await fault.commit(superuser, orgId, cluster.loseEvidence);
    const [before, ledgerBefore] = [await balances(superuser), await ledger(superuser)];
    const computed = await history(superuser, orgId);

    const alerts: number[] = [];
    const { report, label } = await asJobs(clone.url, async (jobs) => {
      const report = await reconcile(jobs, orgId, 'full', async ({ alerted }) => {
        alerts.push(alerted);
      });
      return { report, label: await readLabels(jobs, orgId, report.discrepancies) };
    });
    const found = report.discrepancies.map((each) => ({
      sku: each.item ? label(each).sku : '',
      key: `${orgId}|${each.item}|${each.location}|${each.lot}`,
      ...each,
    }));
    const [after, ledgerAfter] = [await balances(superuser), await ledger(superuser)];

    const faults: string[] = [];
    const expect = (what: string, found: unknown, wanted: unknown) => {
      const [one, other] = [JSON.stringify(found), JSON.stringify(wanted)];
      if (one !== other) faults.push(`${what}: ${one}, expected ${other}`);
    };
    expect(
      'found',
      found
        .map(({ sku }) => sku)
        .filter(Boolean)
        .toSorted(),
      [...fault.skus].toSorted(),
    );
    const causes = [fault.cause, ...(fault.leavesEntryAlone ? ['impossible_value'] : [])];
    expect('causes', distinct(found.map(({ cause }) => cause)), causes.toSorted());
    expect('actions', distinct(found.map(({ action }) => action)), [fault.action]);
    expect('alerts', alerts.length, fault.action === 'alerted' ? 1 : 0);
    expect('trigger faults', report.triggerFaults.length > 0, fault.leavesTriggersBroken === true);
    expect('clean', report.clean, false);
    expect('ledger unchanged', ledgerAfter === ledgerBefore, true);
    const corrected = new Set(found.filter(({ action }) => action === 'corrected').map(({ key }) => key));
    for (const key of new Set([...before.keys(), ...after.keys()])) {
      const wanted = corrected.has(key) ? computed.get(key) : before.get(key);
      if (after.get(key) !== wanted) faults.push(`balance ${key}: ${after.get(key)}, expected ${wanted}`);
    }
    return {
      name: fault.name,
      skus: found.map(({ sku }) => sku || 'seal'),
      causes: distinct(found.map(({ cause }) => cause ?? 'none')),
      actions: distinct(found.map(({ action }) => action)),
      faults,
    };
  });
}

const distinct = (values: readonly (string | undefined)[]) => [...new Set(values.map(String))].toSorted();

async function idOf(superuser: Client): Promise<string> {
  const { rows } = await superuser.query<{ id: string }>(
    'select id from tenancy.organizations where slug = $1',
    [targetSlug],
  );
  return rows[0]?.id ?? '';
}

/** Every balance of every organization. */
async function balances(superuser: Client): Promise<Map<string, string>> {
  return await figures(
    superuser,
    `select org_id || '|' || item_id || '|' || location_id || '|' || lot as key,
       format('%s %s %s', trim_scale(on_hand), trim_scale(reserved), version) as figures
     from inventory.balances`,
  );
}

/** The correct balances, computed from the movements and holds by another query than that of reconciliation. */
async function history(superuser: Client, orgId: string): Promise<Map<string, string>> {
  return await figures(
    superuser,
    `select key, format('%s %s %s', trim_scale(sum(quantity)), trim_scale(sum(held)), sum(version)) as figures
     from (
       select org_id || '|' || item_id || '|' || location_id || '|' || lot as key, quantity, 0.0 as held, 1 as version
       from inventory.movements where org_id = $1
       union all
       select org_id || '|' || item_id || '|' || location_id || '|' || lot, 0, held, 0
       from inventory.reservation_lines where org_id = $1
     ) as lines
     group by key`,
    [orgId],
  );
}

async function figures(
  superuser: Client,
  text: string,
  values: unknown[] = [],
): Promise<Map<string, string>> {
  const { rows } = await superuser.query<{ key: string; figures: string }>(text, values);
  return new Map(rows.map((row) => [row.key, row.figures]));
}

/** A digest of everything that reconciliation must not touch. */
async function ledger(superuser: Client): Promise<string> {
  const { rows } = await superuser.query<{ digest: string }>(
    `select concat_ws(' ', ${[
      'entries',
      'movements',
      'seals',
      'seal_pages',
      'seal_closings',
      'seal_anchors',
      'reservations',
      'reservation_lines',
      'reservation_entries',
    ]
      .map(
        (table) =>
          `(select md5(coalesce(string_agg(t::text, '|' order by t::text), '')) from inventory.${table} t)`,
      )
      .join(', ')}) as digest`,
  );
  return rows[0]?.digest ?? '';
}

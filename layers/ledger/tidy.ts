import type pg from 'pg';
import { log } from '#platform/log.ts';
import { counted } from '#platform/plural.ts';
import { inOrganizationAsJob } from '#tenancy/job-transaction.ts';
import { activeOrganizations, isErased } from '#tenancy/jobs.ts';

/** How long what nobody needs for ever is kept. The database refuses less than a day, and 90 days. */
export interface TidyPolicy {
  /** Within it a request may be sent again and has one effect. What is promised to callers: never shorten it silently. */
  readonly idempotencyKeyHours: number;
  readonly securityEventDays: number;
}

export const tidyPolicy: TidyPolicy = { idempotencyKeyHours: 24, securityEventDays: 400 };

/** What was deleted, or in a trial would be. */
export interface Tidied {
  readonly organizations: number;
  readonly idempotencyKeys: number;
  readonly securityEvents: number;
  /** Organizations that were not finished, because the time was over. Another day's run begins elsewhere. */
  readonly left: number;
}

export interface TidyOptions {
  /** One organization; every active one when absent. */
  readonly organization?: string | undefined;
  readonly policy?: TidyPolicy;
  /** Count, and delete nothing. */
  readonly trial?: boolean;
  /** Asked before each organization and each page. */
  readonly isTimeOver?: () => boolean;
  readonly onProgress?: (done: number, total: number) => void;
  readonly now?: Date;
}

/** Rows that one transaction looks at: some milliseconds. */
const pageRows = 5_000;

interface Counts {
  readonly idempotencyKeys: number;
  readonly securityEvents: number;
}

/**
 * Deletes idempotency keys and security events that have outlived their time. Each page is a transaction of its own, so
 * that it can end anywhere and the next run goes on. `jobs` is a connection as stockade_jobs.
 * @throws AggregateError at the end, when it failed for some organizations; the others are done
 */
export async function tidy(jobs: pg.ClientBase, options: TidyOptions = {}): Promise<Tidied> {
  const { organization, isTimeOver = () => false, now = new Date() } = options;
  const ids = organization ? [organization] : startingAnew(await activeOrganizations(jobs), now);
  const failures: Error[] = [];
  let done = 0;
  let sum: Counts = { idempotencyKeys: 0, securityEvents: 0 };
  for (const id of ids) {
    if (isTimeOver()) break;
    try {
      const { isDone, ...counts } = await tidyOrganization(jobs, id, { ...options, isTimeOver });
      sum = add(sum, counts);
      if (!isDone) break;
    } catch (error) {
      if (isErased(error)) log.info('an organization was erased before it was tidied', { organization: id });
      else {
        log.error('an organization could not be tidied', { organization: id, error: error as Error });
        failures.push(error as Error);
      }
    }
    done += 1;
    options.onProgress?.(done, ids.length);
  }
  if (failures.length > 0) {
    throw new AggregateError(
      failures,
      `${failures.length} of ${counted(ids.length, 'organization')} could not be tidied`,
    );
  }
  return { organizations: done, ...sum, left: ids.length - done };
}

interface KeyPage {
  readonly forgotten: number;
  /** Null when there was no key left to look at. */
  readonly last: string | null;
}

async function tidyOrganization(
  jobs: pg.ClientBase,
  id: string,
  options: TidyOptions & { readonly isTimeOver: () => boolean },
): Promise<Counts & { readonly isDone: boolean }> {
  const { policy = tidyPolicy, isTimeOver } = options;
  if (options.trial) return { ...(await countForgettable(jobs, id, policy)), isDone: true };

  let idempotencyKeys = 0;
  let last: string | null | undefined = '';
  while (typeof last === 'string' && !isTimeOver()) {
    const [page]: KeyPage[] = await inOrganizationAsJob<KeyPage>(jobs, id, 'write', {
      text: 'select forgotten, last_key as last from inventory.forget_idempotency_keys(make_interval(hours => $1), $2, $3)',
      values: [policy.idempotencyKeyHours, last, pageRows],
    });
    idempotencyKeys += page?.forgotten ?? 0;
    last = page?.last;
  }
  let securityEvents = 0;
  while (!isTimeOver()) {
    const [page] = await inOrganizationAsJob<{ forgotten: number }>(jobs, id, 'write', {
      text: 'select tenancy.forget_security_events(make_interval(days => $1), $2) as forgotten',
      values: [policy.securityEventDays, pageRows],
    });
    if (!page?.forgotten) return { idempotencyKeys, securityEvents, isDone: true };
    securityEvents += page.forgotten;
  }
  return { idempotencyKeys, securityEvents, isDone: false };
}

async function countForgettable(jobs: pg.ClientBase, id: string, policy: TidyPolicy): Promise<Counts> {
  const [counted] = await inOrganizationAsJob<Record<keyof Counts, string>>(jobs, id, 'read', {
    text: `
      select idempotency_keys as "idempotencyKeys", security_events as "securityEvents"
      from inventory.count_forgettable(make_interval(hours => $1), make_interval(days => $2))`,
    values: [policy.idempotencyKeyHours, policy.securityEventDays],
  });
  // A connection of a command gives a bigint as text.
  return {
    idempotencyKeys: Number(counted?.idempotencyKeys),
    securityEvents: Number(counted?.securityEvents),
  };
}

/** Another one first every day, so that none is always behind those for which the time was not enough. */
function startingAnew(ids: readonly string[], now: Date): readonly string[] {
  const first = ids.length === 0 ? 0 : Math.floor(now.getTime() / 86_400_000) % ids.length;
  return [...ids.slice(first), ...ids.slice(0, first)];
}

function add(one: Counts, other: Counts): Counts {
  return {
    idempotencyKeys: one.idempotencyKeys + other.idempotencyKeys,
    securityEvents: one.securityEvents + other.securityEvents,
  };
}

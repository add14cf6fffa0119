import type pg from 'pg';
import { log } from '#platform/log.ts';
import { isOutage } from '#platform/postgres/sqlstate.ts';
import { counted } from '#platform/text/plural.ts';
import { inOrganizationAsJob } from '#tenancy/job-transaction.ts';
import { activeOrganizations, isErased } from '#tenancy/jobs.ts';

/** How long temporary data is kept. The database refuses less than one day for keys and less than 90 days for events. */
export interface TidyPolicy {
  /** Within this time a caller may repeat a request, and it takes effect once. Callers rely on it: never shorten it silently. */
  readonly idempotencyKeyHours: number;
  readonly securityEventDays: number;
}

export const tidyPolicy: TidyPolicy = { idempotencyKeyHours: 24, securityEventDays: 400 };

/** The number of rows that were deleted or closed, or in a trial of those that would be. */
export interface Tidied extends Counts {
  readonly organizations: number;
  /** The number of organizations that were not finished in time. The next day's run starts with another organization. */
  readonly left: number;
}

interface Counts {
  readonly idempotencyKeys: number;
  readonly securityEvents: number;
  /** Closed, not deleted: the records stay. */
  readonly reservations: number;
}

const nothing: Counts = { idempotencyKeys: 0, securityEvents: 0, reservations: 0 };

export interface TidyOptions {
  /** Only this organization. Without it, every active organization. */
  readonly organization?: string | undefined;
  readonly policy?: TidyPolicy;
  /** Counts, and changes nothing. */
  readonly trial?: boolean;
  /** Called before each organization and each page. */
  readonly isTimeOver?: () => boolean;
  readonly onProgress?: (done: number, total: number) => void;
  readonly now?: Date;
}

/** The number of rows in one transaction, which takes some milliseconds. */
const pageRows = 5_000;
/** Each has up to a thousand lines, whose balances are locked meanwhile. */
const pageReservations = 20;

/**
 * Deletes expired idempotency keys and security events, and closes expired reservations, which have held nothing since they
 * expired. Each page is its own transaction, so the run can end at any time and the next run continues. `jobs` is a connection
 * as stockade_jobs.
 * @throws AggregateError at the end, when some organizations failed; the others are done
 * @throws the error of the server at once, when it cannot serve anybody
 */
export async function tidy(jobs: pg.ClientBase, options: TidyOptions = {}): Promise<Tidied> {
  const { organization, isTimeOver = () => false, now = new Date() } = options;
  const ids = organization ? [organization] : startingAnew(await activeOrganizations(jobs), now);
  const failures: Error[] = [];
  let done = 0;
  let sum = nothing;
  for (const id of ids) {
    if (isTimeOver()) break;
    try {
      const { isDone, ...counts } = await tidyOrganization(jobs, id, { ...options, isTimeOver });
      sum = add(sum, counts);
      if (!isDone) break;
    } catch (error) {
      // The next organization would meet the same full disk.
      if (isOutage(error)) throw error;
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
  /** Null when no key was left. */
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
  const events = await inPages(isTimeOver, async () => {
    const [page] = await inOrganizationAsJob<Page>(jobs, id, 'write', {
      text: 'select tenancy.forget_security_events(make_interval(days => $1), $2) as rows',
      values: [policy.securityEventDays, pageRows],
    });
    return page;
  });
  const reservations = await inPages(isTimeOver, async () => {
    const [page] = await inOrganizationAsJob<Page>(jobs, id, 'write', {
      text: 'select inventory.expire_reservations($1) as rows',
      values: [pageReservations],
    });
    return page;
  });
  return {
    idempotencyKeys,
    securityEvents: events.rows,
    reservations: reservations.rows,
    isDone: events.isDone && reservations.isDone,
  };
}

interface Page {
  readonly rows: number;
}

/** Asks for one page after the other until one has no rows, or the time is over. Answers how many rows they had together. */
async function inPages(
  isTimeOver: () => boolean,
  ask: () => Promise<Page | undefined>,
): Promise<Page & { readonly isDone: boolean }> {
  let rows = 0;
  while (!isTimeOver()) {
    const page = await ask();
    if (!page?.rows) return { rows, isDone: true };
    rows += page.rows;
  }
  return { rows, isDone: false };
}

async function countForgettable(jobs: pg.ClientBase, id: string, policy: TidyPolicy): Promise<Counts> {
  const [counted] = await inOrganizationAsJob<Record<keyof Counts, string>>(jobs, id, 'read', {
    text: `
      select idempotency_keys as "idempotencyKeys", security_events as "securityEvents",
        inventory.count_expired_reservations() as reservations
      from inventory.count_forgettable(make_interval(hours => $1), make_interval(days => $2))`,
    values: [policy.idempotencyKeyHours, policy.securityEventDays],
  });
  // The connection of a command returns a bigint as text.
  return {
    idempotencyKeys: Number(counted?.idempotencyKeys),
    securityEvents: Number(counted?.securityEvents),
    reservations: Number(counted?.reservations),
  };
}

/** Starts with another organization every day, so that no organization is always last when the time runs out. */
function startingAnew(ids: readonly string[], now: Date): readonly string[] {
  const first = ids.length === 0 ? 0 : Math.floor(now.getTime() / 86_400_000) % ids.length;
  return [...ids.slice(first), ...ids.slice(0, first)];
}

function add(one: Counts, other: Counts): Counts {
  return {
    idempotencyKeys: one.idempotencyKeys + other.idempotencyKeys,
    securityEvents: one.securityEvents + other.securityEvents,
    reservations: one.reservations + other.reservations,
  };
}

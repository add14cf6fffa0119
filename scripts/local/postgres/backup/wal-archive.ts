import { appendFile, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { Client } from 'pg';
import { connectNoted } from '#platform/postgres/connection-failures.ts';
import { assertRoom } from './room.ts';
import { belongsToSegment, compressSegments, type FetchOptions, fetchSegments } from './wal-files.ts';
import { endOfRun, isSegment, type Segment } from './wal-segment.ts';

/** A moment up to which everything that was committed is in the archive once its segment is. */
export interface Mark {
  readonly at: Date;
  readonly segment: Segment;
}

/** A backup to go on from. */
export interface Base {
  readonly startSegment: Segment;
  readonly completedAt: Date;
}

/** How to get to a point in time. */
export interface RestorePlan<B extends Base> {
  readonly base: B;
  /** The first and the last segment to replay. */
  readonly from: Segment;
  readonly to: Segment;
}

export interface WalArchiveOptions {
  /** Where Postgres puts finished segments. */
  readonly directory: string;
  /** Where the marks are kept, one a line. */
  readonly marksFile: string;
  readonly segmentBytes: number;
}

const pollMs = 20;
const archivedWithinMs = 30_000;

/**
 * The finished WAL segments of one cluster, and what is known about the times in them. A segment is switched only when
 * something was committed since the last one: an idle cluster costs nothing, and its archive is complete up to now.
 */
export class WalArchive {
  readonly #options: WalArchiveOptions;
  #marks: Mark[];
  /** The next transaction id behind the last mark, when no transaction was open across it. */
  #quietAt: bigint | undefined;
  /** Until when nothing has been committed behind the last mark. */
  #idleUntil: Date | undefined;
  #marking: Promise<unknown> = Promise.resolve();

  private constructor(options: WalArchiveOptions, marks: Mark[]) {
    this.#options = options;
    this.#marks = marks;
  }

  static async open(options: WalArchiveOptions): Promise<WalArchive> {
    const text = await readFile(options.marksFile, 'utf8').catch((error: NodeJS.ErrnoException) => {
      if (error.code !== 'ENOENT') throw error;
      return '';
    });
    return new WalArchive(options, text.split('\n').flatMap(readMark));
  }

  /**
   * Makes the archive reach up to now, unless it does already. `url` is a superuser's connection to the cluster. When
   * `signal` is aborted, it stops waiting for the server.
   * @throws NoRoom, before it does anything, when the disk has no room for another segment
   */
  async advance(url: string, signal?: AbortSignal): Promise<void> {
    await this.#inTurn(async () => {
      await assertRoom('the archive of the log', this.#options.segmentBytes, this.#options.directory);
      await withClient(url, async (client) => {
        const { now, xmin, xmax } = await snapshotOf(client);
        if (this.#quietAt === xmax && xmin === xmax) this.#idleUntil = now;
        else await this.#mark(client, signal);
      });
      await compressSegments(this.#options.directory);
    });
  }

  /** Makes sure that a commit later than now is in the archive, so that recovery to any time before finds its end. */
  async mark(url: string): Promise<void> {
    await this.#inTurn(() => withClient(url, (client) => this.#mark(client)));
  }

  async #inTurn(work: () => Promise<void>): Promise<void> {
    const turn = this.#marking.then(work, work);
    this.#marking = turn.catch(() => {});
    await turn;
  }

  async #mark(client: Client, signal?: AbortSignal): Promise<void> {
    // A commit of its own: recovery to a time ends at the first commit behind it.
    const { rows } = await client.query<{ at: Date }>(
      'select clock_timestamp() as at, pg_current_xact_id()::text as id',
    );
    const { xmin, xmax } = await snapshotOf(client);
    const { rows: switched } = await client.query<{ segment: Segment }>(
      'select pg_walfile_name(pg_switch_wal() - 1) as segment',
    );
    const [at, segment] = [rows[0]?.at, switched[0]?.segment];
    if (!at || !segment) throw new Error('the server did not say where its WAL stands');
    await this.#arrival(segment, signal);
    // The commit is later than the clock was, yet both may be the same millisecond.
    const mark: Mark = { at: new Date(at.getTime() - 1), segment };
    await appendFile(this.#options.marksFile, writeMark(mark));
    this.#marks.push(mark);
    this.#quietAt = xmin === xmax ? xmax : undefined;
    this.#idleUntil = undefined;
  }

  async #arrival(segment: Segment, signal: AbortSignal | undefined): Promise<void> {
    const deadlineMs = Date.now() + archivedWithinMs;
    while (!(await this.segments()).has(segment)) {
      if (Date.now() > deadlineMs) {
        throw new Error(
          `Postgres has not archived ${segment} to ${this.#options.directory} for ${archivedWithinMs / 1000} s: its log says why`,
        );
      }
      await delay(pollMs, undefined, { signal });
    }
  }

  /** The segments that are there. */
  async segments(): Promise<Set<Segment>> {
    const names = await readdir(this.#options.directory);
    return new Set(names.map((name) => name.replace(/\.gz$/, '')).filter(isSegment));
  }

  /** The latest time that a backup and what is really in the archive lead to; undefined without a backup. */
  async latestRestorable(bases: readonly Base[]): Promise<Date | undefined> {
    const there = await this.segments();
    const last = this.#marks.at(-1);
    let latest: Date | undefined;
    for (const base of bases) {
      const reached = this.#reached(base, there);
      const time = reached && reached === last && this.#idleUntil ? this.#idleUntil : reached?.at;
      for (const each of [base.completedAt, time]) {
        if (each && (!latest || each > latest)) latest = each;
      }
    }
    return latest;
  }

  /** The last mark to which the segments behind a backup lead without a gap. */
  #reached(base: Base, there: ReadonlySet<Segment>): Mark | undefined {
    const end = endOfRun(base.startSegment, there, this.#options.segmentBytes);
    if (end === undefined) return undefined;
    return this.#marks.findLast(({ segment }) => segment >= base.startSegment && segment <= end);
  }

  /**
   * How to get to a time: from the newest backup before it whose segments lead to a commit behind it. Undefined when
   * there is no way. A time that the cluster has only just idled through needs `mark()` first.
   */
  async plan<B extends Base>(time: Date, bases: readonly B[]): Promise<RestorePlan<B> | undefined> {
    const there = await this.segments();
    const newestFirst = bases
      .filter(({ completedAt }) => completedAt <= time)
      .sort((a, b) => b.completedAt.getTime() - a.completedAt.getTime());
    for (const base of newestFirst) {
      const end = endOfRun(base.startSegment, there, this.#options.segmentBytes);
      const mark = this.#marks.find(({ at, segment }) => at >= time && segment >= base.startSegment);
      if (mark && end !== undefined && mark.segment <= end) {
        return { base, from: base.startSegment, to: mark.segment };
      }
    }
    return undefined;
  }

  /** Puts the segments of a plan, and the histories of timelines, into the `pg_wal` of a cluster to be. */
  async fetch(plan: RestorePlan<Base>, folder: string, options: FetchOptions): Promise<void> {
    await this.#inTurn(() => fetchSegments(this.#options.directory, plan, folder, options));
  }

  /** Deletes what no backup needs any more: all before the oldest one's first segment. */
  async prune(bases: readonly Base[]): Promise<void> {
    await this.#inTurn(() => this.#prune(bases));
  }

  /** Deletes all of it; what comes from here on leads on from backups that come from here on. */
  async clear(): Promise<void> {
    await this.#inTurn(async () => {
      const { directory, marksFile } = this.#options;
      for (const name of (await readdir(directory)).filter(belongsToSegment)) {
        await rm(join(directory, name), { force: true });
      }
      this.#marks = [];
      await rm(marksFile, { force: true });
    });
  }

  async #prune(bases: readonly Base[]): Promise<void> {
    const oldest = bases.map(({ startSegment }) => startSegment).sort()[0];
    if (oldest === undefined) return;
    const { directory, marksFile } = this.#options;
    for (const name of await readdir(directory)) {
      const isOutdated = belongsToSegment(name) && name.slice(0, oldest.length) < oldest;
      if (isOutdated || name.startsWith('compressing-')) {
        await rm(join(directory, name), { force: true });
      }
    }
    const kept = this.#marks.filter(({ segment }) => segment >= oldest);
    if (kept.length === this.#marks.length) return;
    this.#marks = kept;
    await writeFile(`${marksFile}.draft`, kept.map(writeMark).join(''));
    await rename(`${marksFile}.draft`, marksFile);
  }
}

async function snapshotOf(client: Client): Promise<{ now: Date; xmin: bigint; xmax: bigint }> {
  const { rows } = await client.query<{ now: Date; xmin: string; xmax: string }>(
    `select statement_timestamp() as now, pg_snapshot_xmin(s)::text as xmin, pg_snapshot_xmax(s)::text as xmax
     from pg_current_snapshot() as s`,
  );
  const [row] = rows;
  if (!row) throw new Error('the server did not say which transactions there are');
  return { now: row.now, xmin: BigInt(row.xmin), xmax: BigInt(row.xmax) };
}

async function withClient(url: string, work: (client: Client) => Promise<void>): Promise<void> {
  const client = new Client({ connectionString: url, connectionTimeoutMillis: 10_000 });
  await connectNoted(client);
  try {
    await work(client);
  } finally {
    await client.end();
  }
}

function writeMark({ at, segment }: Mark): string {
  return `${at.toISOString()} ${segment}\n`;
}

/** The last line may have been cut off by a kill. */
function readMark(line: string): Mark[] {
  const [time = '', segment = ''] = line.split(' ');
  const at = new Date(time);
  return Number.isNaN(at.getTime()) || !isSegment(segment) ? [] : [{ at, segment }];
}

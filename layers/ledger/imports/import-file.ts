import type pg from 'pg';
import { InvalidInput, Problem } from '#platform/errors.ts';
import { counted } from '#platform/text/plural.ts';
import { Batches, type ImportBatch, type ImportEntry } from './batches.ts';
import { CsvReader, type CsvRecord } from './csv/csv-reader.ts';
import { fieldOf, isOfRejects } from './csv/spreadsheet-cell.ts';
import { Lanes } from './lanes.ts';
import { lineReader, type ReadLine } from './lines/import-line.ts';
import { type LookAlike, LookAlikes } from './look-alikes.ts';
import type { ImportOrganization, OrganizationDirectory } from './organizations.ts';
import { earlierRejects, type ImportState, type ImportTerms, importState, postBatch } from './post-batch.ts';
import { OrderedRejects, type RejectSink } from './rejects.ts';
import { Trial } from './trial.ts';

export interface ImportJob extends ImportTerms {
  /** The file, decompressed. */
  readonly source: AsyncIterable<Buffer>;
  /**
   * Connections as stockade_jobs, used by nobody else during the import. Different organizations are posted at the same time,
   * one on each.
   */
  readonly jobs: readonly [pg.ClientBase, ...pg.ClientBase[]];
  readonly organizations: OrganizationDirectory;
  readonly rejects: RejectSink;
  /** Imports the file even if it was imported before with another profile. */
  readonly again: boolean;
  /** The approximate number of lines in one transaction. */
  readonly batchLines: number;
  /** Stops the import after the batches that are being posted. */
  readonly signal?: AbortSignal | undefined;
  /** Called first, with the columns of the file. */
  readonly onHeader?: ((columns: readonly string[]) => void) | undefined;
  /** Called with the number of the last line that was read. */
  readonly onProgress?: ((line: number) => void) | undefined;
}

export interface ImportReport {
  /** False when the import was stopped. The same import then continues from there. */
  readonly finished: boolean;
  /** The number of lines with data. When the import has finished, it is the sum of the next three numbers. */
  readonly lines: number;
  readonly applied: number;
  /** Lines that an earlier run applied. */
  readonly alreadyApplied: number;
  readonly rejected: number;
  readonly entries: number;
  readonly organizations: number;
  /** The slugs of new organizations. */
  readonly organizationsCreated: readonly string[];
  readonly itemsCreated: number;
  readonly locationsCreated: number;
  /** The first codes that were created, or would be, and that could be taken for another code of the same organization. */
  readonly lookAlikes: readonly LookAlike[];
  readonly lookAlikeCount: number;
}

/** A window ends after this many lines or bytes of the file, whichever comes first. At most two windows are held. */
const windowLines = 100_000;
const windowBytes = 32 * 1_048_576;

/**
 * Imports a file: reads its lines, applies them in batches, and settles each line exactly once, even if the import is
 * stopped, killed or restarted, or runs twice at the same time.
 * @throws InvalidInput when the profile names columns that the file does not have, or the file is not CSV in UTF-8
 * @throws Problem `imported_otherwise` when the file was imported before with another profile
 */
export async function importFile(job: ImportJob): Promise<ImportReport> {
  return await new FileImport(job).run();
}

class FileImport {
  private readonly job: ImportJob;
  private readonly reader: CsvReader;
  private readonly batches: Batches<ImportOrganization>;
  private readonly rejects: OrderedRejects;
  private readonly trial = new Trial();
  private readonly lookAlikes = new LookAlikes();
  private readonly organizations = new Set<ImportOrganization>();
  private readonly states = new Map<ImportOrganization, ImportState>();
  private readonly found = new Map<string | undefined, Awaited<ReturnType<OrganizationDirectory['find']>>>();
  private readLine: ((record: CsvRecord) => ReadLine) | undefined;
  /** Whether the fields were made cells of a spreadsheet. */
  private isOfRejects = false;
  private inWindow = { lines: 0, bytes: 0 };
  /** The next batches are read while these are posted. */
  private readonly lanes: Lanes<pg.ClientBase, ImportOrganization>;
  private lastLine = 0;
  private lines = 0;
  private applied = 0;
  private alreadyApplied = 0;
  private entries = 0;
  private itemsCreated = 0;
  private locationsCreated = 0;

  constructor(job: ImportJob) {
    this.job = job;
    this.reader = new CsvReader(job.profile.delimiter);
    this.batches = new Batches(job.batchLines);
    this.rejects = new OrderedRejects(job.rejects);
    this.lanes = new Lanes(job.jobs);
  }

  async run(): Promise<ImportReport> {
    const { job } = this;
    try {
      for await (const chunk of job.source) {
        await this.take(this.reader.push(chunk));
        if (job.signal?.aborted) break;
        job.onProgress?.(this.lastLine);
      }
      if (!job.signal?.aborted) await this.finish();
    } finally {
      // Also after an error: give the connections back only when no statement is running any more.
      await this.lanes.finish().catch(() => {});
    }
    await this.lanes.finish();
    const alike = job.signal?.aborted
      ? { named: [], count: 0 }
      : await this.lookAlikes.find(job.jobs[0], job.organizations);
    return {
      finished: !job.signal?.aborted,
      lines: this.lines,
      applied: this.applied,
      alreadyApplied: this.alreadyApplied,
      rejected: this.rejects.count,
      entries: this.entries,
      organizations: this.organizations.size,
      organizationsCreated: job.organizations.created,
      itemsCreated: this.itemsCreated,
      locationsCreated: this.locationsCreated,
      lookAlikes: alike.named,
      lookAlikeCount: alike.count,
    };
  }

  private async take(records: readonly CsvRecord[]): Promise<void> {
    for (const each of records) {
      if (this.job.signal?.aborted) return;
      this.isOfRejects ||= !this.readLine && isOfRejects(each.fields);
      const record = this.isOfRejects ? { ...each, fields: each.fields.map(fieldOf) } : each;
      if (!this.readLine) this.readLine = this.header(record);
      else {
        const waiting = this.takeLine(record, this.readLine(record));
        if (waiting) await waiting;
      }
    }
  }

  private header(record: CsvRecord): (record: CsvRecord) => ReadLine {
    if (record.fault || record.fields.some((field) => field.includes('\0'))) {
      throw new InvalidInput('The file is not CSV in UTF-8.', [
        { field: `line ${record.line}`, message: record.fault ?? 'contains NUL: save it as UTF-8' },
      ]);
    }
    this.job.onHeader?.(record.fields);
    return lineReader(this.job.profile, record.fields);
  }

  /** A window ends when a line comes after it: what is in the last one is posted together with the end of the import. */
  private takeLine(record: CsvRecord, read: ReadLine): Promise<void> | undefined {
    if (this.inWindow.lines < windowLines && this.inWindow.bytes < windowBytes)
      return this.addLine(record, read);
    this.inWindow = { lines: 0, bytes: 0 };
    return this.endWindow().then(() => this.addLine(record, read));
  }

  private addLine(record: CsvRecord, read: ReadLine): Promise<void> | undefined {
    this.lines += 1;
    this.lastLine = record.line;
    this.inWindow.lines += 1;
    this.inWindow.bytes += record.bytes;
    return read.faults ? this.reject(record, read.faults.join('; ')) : this.collect(record, read);
  }

  private reject(record: CsvRecord, reason: string): undefined {
    this.rejects.add({ line: record.line, reason, record });
  }

  /** Adds a line to its organization. Waits only when the organization is new or a batch is full. */
  private collect(record: CsvRecord, read: ReadLine & { faults?: undefined }): Promise<void> | undefined {
    const found = this.found.get(read.organization);
    if (!found) {
      return this.findOrganization(read.organization).then(() => this.collect(record, read));
    }
    if ('fault' in found) return this.reject(record, found.fault);
    const full = this.batches.add(found, read.line);
    return full && this.submit(full);
  }

  private async findOrganization(name: string | undefined): Promise<void> {
    const found = await this.job.organizations.find(name);
    this.found.set(name, found);
    if ('fault' in found || this.organizations.has(found)) return;
    this.organizations.add(found);
    await this.lanes.start(found, (jobs) => this.findState(jobs, found));
  }

  private async findState(jobs: pg.ClientBase, organization: ImportOrganization): Promise<void> {
    const state = await importState(jobs, this.job, organization);
    if (state.appliedOtherwise > 0 && !this.job.again) {
      throw new Problem(
        'imported_otherwise',
        409,
        `${counted(state.appliedOtherwise, 'line')} of this file: already imported into ${organization.slug}, with another profile.`,
      );
    }
    this.states.set(organization, state);
  }

  private async endWindow(): Promise<void> {
    // An organization that has the file already, otherwise, is found before anything of the window is posted.
    await this.lanes.finish();
    for (const batch of this.batches.endWindow()) await this.submit(batch);
    await this.lanes.finish();
    await this.rejects.flushBefore(this.batches.firstHeldLine());
  }

  private async finish(): Promise<void> {
    await this.take(this.reader.end());
    if (!this.readLine) {
      throw new InvalidInput('The file is empty.', [{ field: 'file', message: 'has no header line' }]);
    }
    await this.lanes.finish();
    const unfinished = new Set(this.organizations);
    for (const batch of this.batches.end()) {
      await this.submit(batch, 'last');
      unfinished.delete(batch.organization);
    }
    for (const organization of this.job.trial ? [] : unfinished) {
      await this.submit({ organization, entries: [], lineCount: 0 }, 'last');
    }
    await this.lanes.finish();
    await this.rejects.flushBefore(Number.POSITIVE_INFINITY);
    this.job.onProgress?.(this.lastLine);
  }

  /** Starts a batch as soon as a connection is free. After a stop nothing new is started. */
  private async submit(batch: ImportBatch<ImportOrganization>, place?: 'last'): Promise<void> {
    await this.lanes.start(batch.organization, async (jobs) => {
      if (!this.job.signal?.aborted) await this.apply(jobs, batch, place === 'last');
    });
  }

  private async apply(
    jobs: pg.ClientBase,
    batch: ImportBatch<ImportOrganization>,
    finished: boolean,
  ): Promise<void> {
    const { job } = this;
    const { organization } = batch;
    const state = this.states.get(organization);
    if (!state)
      throw new Error(`the import state of ${organization.slug} was not loaded before its first batch`);
    const records = new Map<number, CsvRecord>();
    for (const { lines } of batch.entries) for (const { line, record } of lines) records.set(line, record);

    const isBehind = (batch.entries[0]?.lines[0]?.line ?? Number.POSITIVE_INFINITY) <= state.linesThrough;
    const found = isBehind && state.rejected > 0 ? await earlierRejects(jobs, job, batch) : [];
    // The database answers those after them with the lines of this batch: another run may have settled them since.
    const earlier = found.filter(({ line }) => line <= state.linesThrough);
    const retried = new Set(job.retryRejects ? earlier.map(({ line }) => line) : []);
    const open = isBehind
      ? linesOf(batch.entries, (line) => line > state.linesThrough || retried.has(line))
      : batch.entries;
    const openLines = open.reduce((sum, { lines }) => sum + lines.length, 0);

    const rejected = earlier.filter(({ line }) => !retried.has(line));
    this.alreadyApplied += batch.lineCount - openLines - rejected.length;
    if (openLines > 0 || (finished && !job.trial)) {
      const posted = await postBatch(jobs, job, organization, open, {
        finished,
        ...(job.trial && { moved: this.trial.movedBefore(organization, open) }),
      });
      this.applied += posted.applied;
      this.entries += posted.entries;
      const wouldMake = job.trial ? this.trial.remember(organization, posted) : { items: 0, locations: 0 };
      this.lookAlikes.remember(organization, posted);
      this.itemsCreated += posted.itemsCreated + wouldMake.items;
      this.locationsCreated += posted.locationsCreated + wouldMake.locations;
      // Another run of the same import has settled it since the state was read.
      this.alreadyApplied += openLines - posted.applied - posted.rejected.length;
      rejected.push(...posted.rejected);
    }
    for (const { line, reason } of rejected) {
      const record = records.get(line);
      if (!record) throw new Error(`the database rejected line ${line}, which is not in its batch`);
      this.reject(record, reason);
    }
  }
}

function linesOf(entries: readonly ImportEntry[], isOpen: (line: number) => boolean): ImportEntry[] {
  return entries
    .map((entry) => ({ ...entry, lines: entry.lines.filter(({ line }) => isOpen(line)) }))
    .filter(({ lines }) => lines.length > 0);
}

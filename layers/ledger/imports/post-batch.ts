import type pg from 'pg';
import { inOrganizationAsJob } from '#tenancy/job-transaction.ts';
import type { ImportBatch, ImportEntry } from './batches.ts';
import type { ImportOrganization } from './organizations.ts';
import type { ImportProfile } from './profile.ts';

/** Which import this is, and what it may do. The same for all its batches. */
export interface ImportTerms {
  readonly fileName: string;
  /** SHA-256 of the file's bytes. */
  readonly fileDigest: Buffer;
  /** SHA-256 of how its lines are read. */
  readonly profileDigest: Buffer;
  readonly profile: ImportProfile;
  /** Makes items and locations that are missing, instead of rejecting their lines. */
  readonly createMissing: boolean;
  /** Tries the lines again that an earlier run rejected. */
  readonly retryRejects: boolean;
  /** Judges the lines and writes nothing. */
  readonly trial: boolean;
}

/** What became of the lines of a batch; those in neither number were applied by an earlier run. */
export interface PostedBatch {
  readonly applied: number;
  readonly entries: number;
  readonly itemsCreated: number;
  readonly locationsCreated: number;
  readonly rejected: readonly RejectedLine[];
  /** Of a trial: what its lines would have moved. */
  readonly moved: readonly MovedKey[] | null;
  /** Of a trial: the SKUs and codes it would have made. */
  readonly missing: {
    readonly items: readonly string[] | null;
    readonly locations: readonly string[] | null;
  } | null;
}

export interface RejectedLine {
  readonly line: number;
  readonly reason: string;
}

export interface MovedKey {
  readonly sku: string;
  readonly location: string;
  readonly lot: string;
  readonly quantity: number;
}

/**
 * Posts entries of one organization in one transaction: every line is applied or rejected with a reason, and the import
 * remembers that it is settled. Lines that are settled already are left alone.
 * `moved` are the keys that earlier batches of a trial would have moved.
 * @throws organization_suspended (SK103)
 */
export async function postBatch(
  jobs: pg.ClientBase,
  terms: ImportTerms,
  organization: ImportOrganization,
  entries: readonly ImportEntry[],
  options: { readonly finished: boolean; readonly moved?: readonly MovedKey[] },
): Promise<PostedBatch> {
  const skus = new Numbering();
  const locations = new Numbering();
  const names: (string | null)[] = [];
  const lines: number[] = [];
  const lineEntries: number[] = [];
  const lineSkus: number[] = [];
  const lineLocations: number[] = [];
  const lots: string[] = [];
  const quantities: string[] = [];
  for (const [index, entry] of entries.entries()) {
    for (const line of entry.lines) {
      const sku = skus.numberOf(line.sku);
      // The first description that is there names the item.
      names[sku - 1] ??= line.name;
      lines.push(line.line);
      lineEntries.push(index + 1);
      lineSkus.push(sku);
      lineLocations.push(locations.numberOf(line.location));
      lots.push(line.lot);
      quantities.push(line.quantity);
    }
  }
  const { profile } = terms;
  const { unit, tracking, allowNegative } = profile.items;
  const [row] = await inOrganizationAsJob<{ posted: PostedBatch }>(
    jobs,
    organization.id,
    terms.trial ? 'read' : 'write',
    {
      text: `select inventory.import_batch(
        $1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16
      ) as posted`,
      values: [
        terms.fileDigest,
        terms.profileDigest,
        terms.fileName,
        {
          timeZone: profile.time?.timeZone ?? 'UTC',
          createMissing: terms.createMissing,
          retryRejects: terms.retryRejects,
          trial: terms.trial,
          unit,
          tracking,
          allowNegative,
          ...options,
        },
        skus.values,
        names,
        locations.values,
        entries.map(({ kind }) => kind),
        entries.map(({ reference }) => reference),
        entries.map(({ time }) => time),
        numberArray(lines),
        numberArray(lineEntries),
        numberArray(lineSkus),
        numberArray(lineLocations),
        lots,
        numberArray(quantities),
      ],
    },
  );
  if (!row) throw new Error('the database answered a batch with nothing');
  return row.posted;
}

/** What an organization already has of an import. */
export interface ImportState {
  /** Lines up to here are settled. */
  readonly linesThrough: number;
  /** How many of them were rejected. */
  readonly rejected: number;
  /** Lines that were applied from the same file read by another profile. */
  readonly appliedOtherwise: number;
}

/** Looks up how far an earlier run of an import has come in an organization. */
export async function importState(
  jobs: pg.ClientBase,
  terms: ImportTerms,
  organization: ImportOrganization,
): Promise<ImportState> {
  const [row] = await inOrganizationAsJob<{ state: ImportState }>(jobs, organization.id, 'read', {
    text: `
      select json_build_object(
        'linesThrough', coalesce(max(lines_through) filter (where profile_digest = $2), 0),
        'rejected', coalesce(sum(rejected) filter (where profile_digest = $2), 0),
        'appliedOtherwise', coalesce(sum(applied) filter (where profile_digest <> $2), 0)
      ) as state
      from inventory.imports
      where file_digest = $1`,
    values: [terms.fileDigest, terms.profileDigest],
  });
  if (!row) throw new Error('the database answered an aggregate with nothing');
  return row.state;
}

/** The lines of a batch that an earlier run rejected, with its reasons. */
export async function earlierRejects(
  jobs: pg.ClientBase,
  terms: ImportTerms,
  { organization, entries }: ImportBatch<ImportOrganization>,
): Promise<RejectedLine[]> {
  const first = entries[0]?.lines[0]?.line ?? 0;
  const last = entries.at(-1)?.lines.at(-1)?.line ?? 0;
  const rows = await inOrganizationAsJob<{ line: string; reason: string }>(jobs, organization.id, 'read', {
    text: `
      select r.line, r.reason
      from inventory.imports i
      join inventory.import_rejects r on r.org_id = i.org_id and r.import_id = i.id
      where i.file_digest = $1 and i.profile_digest = $2 and r.line between $3 and $4
      order by r.line`,
    values: [terms.fileDigest, terms.profileDigest, first, last],
  });
  return rows.map(({ line, reason }) => ({ line: Number(line), reason }));
}

/** Gives each value a number, from 1, when it is first seen. */
class Numbering {
  readonly values: string[] = [];
  private readonly numbers = new Map<string, number>();

  numberOf(value: string): number {
    let number = this.numbers.get(value);
    if (number === undefined) {
      number = this.values.push(value);
      this.numbers.set(value, number);
    }
    return number;
  }
}

/** An array of numbers as Postgres reads it. Digits need no quoting, and the client's general way costs ten times as much. */
function numberArray(numbers: readonly (number | string)[]): string {
  return `{${numbers.join(',')}}`;
}

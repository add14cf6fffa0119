import type pg from 'pg';
import { inOrganizationAsJob } from '#tenancy/job-transaction.ts';
import type { ImportBatch, ImportEntry } from './batches.ts';
import { nameFault } from './lines/import-line.ts';
import type { ImportProfile } from './lines/profile.ts';
import type { ImportOrganization } from './organizations.ts';

/** Identifies the import, and says what it may do. All its batches have the same terms. */
export interface ImportTerms {
  readonly fileName: string;
  /** SHA-256 of the file's bytes. */
  readonly fileDigest: Buffer;
  /** SHA-256 of the rules for reading its lines. */
  readonly profileDigest: Buffer;
  readonly profile: ImportProfile;
  /** Creates missing items and locations instead of rejecting their lines. */
  readonly createMissing: boolean;
  /** Tries lines again that an earlier run rejected. */
  readonly retryRejects: boolean;
  /** Checks the lines and writes nothing. */
  readonly trial: boolean;
}

/** The result for the lines of a batch. Lines in neither number were applied by an earlier run. */
export interface PostedBatch {
  readonly applied: number;
  readonly entries: number;
  readonly itemsCreated: number;
  readonly locationsCreated: number;
  readonly rejected: readonly RejectedLine[];
  /** In a trial: the movements of its lines. */
  readonly moved: readonly MovedKey[] | null;
  /** The SKUs and codes that it has created, or in a trial would. */
  readonly missing: {
    readonly items: readonly string[] | null;
    readonly locations: readonly string[] | null;
  };
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
 * Posts entries of one organization in one transaction. Every line is applied, or rejected with a reason, and recorded as
 * settled. Lines that are already settled are skipped.
 * `moved` contains the balances that earlier batches of a trial would have moved.
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
      // The first description in the file names the item.
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
          malformed: {
            items: faultsOf('the SKU', skus.values),
            locations: faultsOf('the location', locations.values),
          },
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
  if (!row) throw new Error('inventory.import_batch() returned no row');
  return row.posted;
}

/** The names that no code can be, each with the reason. Only an alias can be one of them. */
function faultsOf(what: 'the SKU' | 'the location', names: readonly string[]): Record<string, string> {
  return Object.fromEntries(
    names.flatMap((name) => {
      const fault = nameFault(what, name);
      return fault === undefined ? [] : [[name, fault]];
    }),
  );
}

/** The progress of an import in one organization. */
export interface ImportState {
  /** All lines up to this one are settled. */
  readonly linesThrough: number;
  /** How many of them were rejected. */
  readonly rejected: number;
  /** Lines of the same file that were applied with another profile. */
  readonly appliedOtherwise: number;
}

/** Reads how far earlier runs of an import got in an organization. */
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
  if (!row) throw new Error('the query for the import state returned no row');
  return row.state;
}

/** The lines of a batch that an earlier run rejected, with the reasons. */
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

/** Numbers values from 1, in the order of their first use. */
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

/** An array of numbers in the syntax of Postgres. Digits need no quoting, and the conversion of `pg` takes ten times as long. */
function numberArray(numbers: readonly (number | string)[]): string {
  return `{${numbers.join(',')}}`;
}

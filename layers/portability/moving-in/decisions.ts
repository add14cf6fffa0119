import * as z from 'zod';
import { counted } from '#platform/text/plural.ts';
import { MigrationError } from '#schema/migration-error.ts';
import { Email } from '#tenancy/email.ts';
import { CreateOrganization, type NewOrganization, Slug } from '#tenancy/organizations.ts';
import { type MemberRole, roles } from '#tenancy/users.ts';
import type { CodeLine } from './check/code-map.ts';

/** One line of the file of roles. Without an organization it means the default one. */
export interface RoleLine {
  readonly email: string;
  readonly organization: string | undefined;
  readonly role: MemberRole;
}

/** One line of the file of assignments. */
export interface AssignmentLine {
  readonly table: 'items' | 'locations';
  readonly column: string;
  readonly value: string;
  readonly organization: string;
}

/**
 * What a person decides about the move. What is undefined was decided before, or is decided later. A list replaces the list
 * that was decided before.
 */
export interface Decisions {
  /** The organization of everything that no assignment gives to another one. */
  readonly organization?: NewOrganization | undefined;
  /** The role of everybody; of those without a line of their own when there are roles as well. */
  readonly everyone?: MemberRole | undefined;
  readonly roles?: readonly RoleLine[] | undefined;
  readonly assignments?: readonly AssignmentLine[] | undefined;
  readonly codes?: readonly CodeLine[] | undefined;
}

/**
 * The default organization, as it was typed.
 * @throws MigrationError when the slug or the name cannot be one
 */
export function readOrganization(slug: string, name: string): NewOrganization {
  const read = CreateOrganization.safeParse({ slug, name });
  if (read.success) return read.data;
  const [fault] = read.error.issues;
  throw new MigrationError(`the organization's ${fault?.path.join('.')} ${fault?.message}`);
}

const Table = z.enum(['items', 'locations'], { error: 'must be items or locations' });
const Text = z.string().min(1, 'must not be empty');

const RoleRecord = z.strictObject({
  email: Email,
  organization: z.union([Slug, z.literal('').transform(() => undefined)]).optional(),
  role: z.enum(roles, { error: `must be one of ${roles.join(', ')}` }),
});

const AssignmentRecord = z.strictObject({
  table: Table,
  column: Text,
  value: z.string(),
  organization: Slug,
});

type CsvRecords = readonly Readonly<Record<string, string>>[];

/** @throws MigrationError naming each line that is no role, or that names a user twice in one organization */
export function readRoles(records: CsvRecords): RoleLine[] {
  const lines = readLines('--roles', records, RoleRecord).map(({ organization, ...line }) => ({
    ...line,
    organization,
  }));
  refuseTwice(
    '--roles',
    lines,
    ({ email, organization }) => `${email} in ${organization ?? 'the default organization'}`,
  );
  return lines;
}

/** @throws MigrationError naming each line that is no assignment, a value with two organizations, or a table with two columns */
export function readAssignments(records: CsvRecords): AssignmentLine[] {
  const lines = readLines('--assign', records, AssignmentRecord);
  refuseTwice('--assign', lines, ({ table, value }) => `${table}: ${JSON.stringify(value)}`);
  for (const table of Table.options) {
    const columns = [...new Set(lines.filter((line) => line.table === table).map(({ column }) => column))];
    if (columns.length < 2) continue;
    throw new MigrationError(
      `the file of --assign assigns ${table} by ${columns.join(' and by ')}`,
      'Use one column for each table: by two, a row could belong to two organizations.',
    );
  }
  return lines;
}

/** The first line of a file is its header, so the first record is line 2. */
function readLines<Line>(flag: string, records: CsvRecords, form: z.ZodType<Line>): Line[] {
  const faults: string[] = [];
  const lines = records.flatMap((record, index) => {
    const read = form.safeParse(record);
    if (read.success) return [read.data];
    const reasons = read.error.issues.map(({ path, message }) => `${path.join('.')} ${message}`.trim());
    faults.push(`line ${index + 2}: ${reasons.join('; ')}`);
    return [];
  });
  if (faults.length === 0) return lines;
  throw new MigrationError(
    `${counted(faults.length, 'line')} of the file of ${flag} cannot be read:\n  ${faults.slice(0, 20).join('\n  ')}`,
    'Correct them and run again. Nothing was changed.',
  );
}

function refuseTwice<Line>(flag: string, lines: readonly Line[], nameOf: (line: Line) => string): void {
  const names = lines.map(nameOf);
  const twice = names.find((name, index) => names.indexOf(name) !== index);
  if (!twice) return;
  throw new MigrationError(
    `the file of ${flag} has two lines for ${twice}`,
    'Keep one of them and run again.',
  );
}

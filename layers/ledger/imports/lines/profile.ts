import { createHash } from 'node:crypto';
import { z } from 'zod';
import { Code, Reference } from '#ledger/input.ts';
import { InvalidInput } from '#platform/errors.ts';
import { boundedText } from '#platform/text/bounded-text.ts';
import { type PostableKind, postableKinds } from '../../posting-rules.ts';
import { isTimeFormat, timeFormatLetters } from './time-format.ts';

/** The kinds an import may post. A transfer needs two sides, a count its stocktake, and a reversal its entry. */
export type ImportKind = Exclude<PostableKind, 'transfer'>;
export const importKinds = postableKinds.filter((kind): kind is ImportKind => kind !== 'transfer');

const text = z.string({ error: 'must be a string' }).min(1, 'must not be empty');
const column = text.describe('the name of a column, as in the first line of the file');
const Kind = z.enum(importKinds, { error: `must be one of ${importKinds.join(', ')}` });

const TimeZone = text.refine(
  isTimeZone,
  'must be the name of a time zone, such as Europe/London or UTC (offsets such as +01:00 are not names)',
);

const Time = z
  .strictObject({
    column,
    format: text.refine(
      (format) => format === 'iso' || isTimeFormat(format),
      `must be "iso" (a time with an offset) or a pattern of ${timeFormatLetters}, with a year, a month and a day`,
    ),
    timeZone: TimeZone.optional(),
  })
  .refine(({ format, timeZone }) => format !== 'iso' || timeZone === undefined, {
    path: ['timeZone'],
    error: 'can be used only with a pattern: an "iso" time contains its own offset',
  });

const Profile = z
  .strictObject(
    {
      delimiter: z.enum([',', ';', '\t', '|'], { error: 'must be ",", ";", "|" or a tab' }).default(','),
      /** Without it, all lines belong to one organization, which is named beside the profile. */
      organization: z.strictObject({ column, values: z.record(text, text).optional() }).optional(),
      sku: z.strictObject({ column, case: z.enum(['upper', 'lower']).optional() }),
      /**
       * The meaning of a positive number. `in`: stock comes in. `out`: stock goes out. `byKind`: numbers have no sign,
       * and the kind decides it.
       */
      quantity: z.strictObject({
        column,
        sign: z.enum(['in', 'out', 'byKind'], { error: 'must be in, out or byKind' }),
      }),
      /** Without it, stock that goes out is an issue. Stock that comes in is a receipt, or with `out` a return. */
      kind: z
        .union([
          z.strictObject({ constant: Kind }),
          z.strictObject({ column, values: z.record(text, Kind).optional() }),
        ])
        .optional(),
      location: z.union([z.strictObject({ column }), z.strictObject({ constant: Code })]),
      lot: z.strictObject({ column }).optional(),
      reference: z.union([z.strictObject({ column }), z.strictObject({ constant: Reference })]).optional(),
      time: Time.optional(),
      /** The fields of new items. */
      items: z
        .strictObject({
          name: z.strictObject({ column }).optional(),
          unit: boundedText(32).default('each'),
          tracking: z.enum(['none', 'lot']).default('none'),
          allowNegative: z.boolean({ error: 'must be true or false' }).default(false),
        })
        .default({ unit: 'each', tracking: 'none', allowNegative: false }),
    },
    { error: (issue) => (issue.code === 'invalid_type' ? 'must be a JSON object' : undefined) },
  )
  .superRefine(({ quantity, kind }, context) => {
    if (quantity.sign !== 'byKind') return;
    const kinds = !kind ? [] : 'constant' in kind ? [kind.constant] : Object.values(kind.values ?? {});
    if (!kind) {
      context.addIssue({ code: 'custom', path: ['kind'], message: 'is required: quantity.sign is "byKind"' });
    } else if (kinds.includes('adjustment')) {
      context.addIssue({
        code: 'custom',
        path: ['kind'],
        message: 'an adjustment can have both signs: set quantity.sign to in or out',
      });
    }
  });

/** How the columns of a file become lines of the ledger. */
export type ImportProfile = z.infer<typeof Profile>;

/**
 * Reads a profile.
 * @throws InvalidInput naming every wrong field
 */
export function parseProfile(value: unknown): ImportProfile {
  const { data, error } = Profile.safeParse(value);
  if (data) return data;
  throw new InvalidInput(
    'The profile is wrong.',
    error.issues.map((issue) => ({
      field: issue.path.join('.') || 'profile',
      message: messageOf(issue, value),
    })),
  );
}

function messageOf(issue: z.core.$ZodIssue, profile: unknown): string {
  const value = issue.path.reduce<unknown>(
    (outer, key) => (outer as Record<PropertyKey, unknown> | undefined)?.[key],
    profile,
  );
  if (issue.code === 'unrecognized_keys')
    return `has no field ${issue.keys.map((key) => `"${key}"`).join(', ')}`;
  if (issue.code !== 'custom' && value === undefined) return 'is required';
  return issue.code === 'invalid_union' ? 'must be {"column": "…"} or {"constant": "…"}' : issue.message;
}

/** SHA-256 of the rules for reading lines, without the profile's layout and without the fields of new items. */
export function profileDigest({ items: _, ...reading }: ImportProfile): Buffer {
  return createHash('sha256').update(JSON.stringify(reading, sortKeys)).digest();
}

function sortKeys(_key: string, value: unknown): unknown {
  if (value === null || typeof value !== 'object' || Array.isArray(value)) return value;
  return Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)));
}

function isTimeZone(name: string): boolean {
  // Postgres reads the sign of +01:00 the opposite way to everybody else, so offsets are refused.
  if (!/^[A-Za-z]/.test(name)) return false;
  try {
    return Boolean(new Intl.DateTimeFormat('en', { timeZone: name }));
  } catch {
    return false;
  }
}

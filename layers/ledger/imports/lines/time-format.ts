import { Instant } from '#platform/instant.ts';

const patterns = {
  yyyy: String.raw`(?<year>\d{4})`,
  MM: String.raw`(?<month>\d{2})`,
  M: String.raw`(?<month>\d{1,2})`,
  dd: String.raw`(?<day>\d{2})`,
  d: String.raw`(?<day>\d{1,2})`,
  HH: String.raw`(?<hour>\d{2})`,
  H: String.raw`(?<hour>\d{1,2})`,
  hh: String.raw`(?<hour>\d{2})`,
  h: String.raw`(?<hour>\d{1,2})`,
  mm: String.raw`(?<minute>\d{2})`,
  ss: String.raw`(?<second>\d{2})`,
  SSS: String.raw`(?<millisecond>\d{3})`,
  a: '(?<half>[AaPp])[Mm]',
} as const;

/** Local times that are in the years 1900 to 9999 in every time zone. */
const firstMs = Date.UTC(1900, 0, 2);
const endMs = Date.UTC(9999, 11, 31);

/** The letters of a pattern, for messages. */
export const timeFormatLetters =
  'yyyy, MM or M, dd or d, HH or H (or hh or h with a for AM and PM), mm, ss, SSS';

/** Reads a time of the file as local time, such as `2010-12-01 08:26:00.000`. Undefined when it is not a time. */
export type ReadTime = (text: string) => string | undefined;

/** Whether a pattern is valid: only known letters, each part once, and at least a whole date. */
export function isTimeFormat(format: string): boolean {
  const letters = format.match(/([A-Za-z])\1*/g) ?? [];
  const parts = letters.map((each) => (each === 'T' ? '' : each[0]?.replace('H', 'h'))).filter(Boolean);
  return (
    letters.every((each) => each === 'T' || each in patterns) &&
    new Set(parts).size === parts.length &&
    ['y', 'M', 'd'].every((part) => parts.includes(part)) &&
    parts.includes('a') === letters.some((each) => /^h+$/.test(each))
  );
}

/** Creates the reader of a format: `iso`, read as UTC, or a pattern such as `yyyy-MM-dd HH:mm:ss`. */
export function timeReader(format: string): ReadTime {
  return rememberLast(format === 'iso' ? readInstant : patternReader(format));
}

function readInstant(text: string): string | undefined {
  const { data } = Instant.safeParse(text);
  return data === undefined ? undefined : local(Date.parse(data));
}

function patternReader(format: string): ReadTime {
  const source = format.replace(/([A-Za-z])\1*|[^A-Za-z]/g, (each) =>
    each in patterns
      ? patterns[each as keyof typeof patterns]
      : each === 'T'
        ? 'T'
        : each.replace(/[\\^$.*+?()[\]{}|/-]/, '\\$&'),
  );
  const pattern = new RegExp(`^${source}$`);
  const isTwelveHours = format.includes('h');
  return (text) => {
    const parts = pattern.exec(text)?.groups;
    if (!parts) return undefined;
    const at = (name: string) => Number(parts[name] ?? 0);
    const [year, month, day, minute, second] = ['year', 'month', 'day', 'minute', 'second'].map(at) as [
      number,
      number,
      number,
      number,
      number,
    ];
    const hour = isTwelveHours ? twentyFour(at('hour'), parts.half ?? '') : at('hour');
    const time = Date.UTC(year, month - 1, day, hour, minute, second, at('millisecond'));
    const read = new Date(time);
    const isReal =
      year >= 1900 &&
      time >= firstMs &&
      time < endMs &&
      read.getUTCMonth() === month - 1 &&
      read.getUTCDate() === day &&
      read.getUTCHours() === hour &&
      minute < 60 &&
      second < 60;
    return isReal ? local(time) : undefined;
  };
}

/** Twelve is the first hour of its half. Hours that no clock shows become an hour that no day has. */
function twentyFour(hour: number, half: string): number {
  if (hour < 1 || hour > 12) return Number.NaN;
  return (hour % 12) + (half.toLowerCase() === 'p' ? 12 : 0);
}

function local(timeMs: number): string {
  return new Date(timeMs).toISOString().replace('T', ' ').replace('Z', '');
}

/** Lines of one invoice follow each other and have the same time. */
function rememberLast(read: ReadTime): ReadTime {
  let lastText: string | undefined;
  let lastRead: string | undefined;
  return (text) => {
    if (text !== lastText) {
      lastRead = read(text);
      lastText = text;
    }
    return lastRead;
  };
}

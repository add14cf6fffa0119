import { createHash } from 'node:crypto';

/** A name as SQL writes it: quoted unless it is plain. Postgres' own words are not plain. */
export function quoted(name: string): string {
  return /^[a-z_][a-z0-9_]*$/.test(name) && !reserved.has(name) ? name : `"${name.replaceAll('"', '""')}"`;
}

/** The words that Postgres refuses as the name of a column or a role: those of pg_get_keywords() with catcode R or T. */
const reserved = new Set(
  `all analyse analyze and any array as asc asymmetric authorization binary both case cast check collate collation column
  concurrently constraint create cross current_catalog current_date current_role current_schema current_time current_timestamp
  current_user default deferrable desc distinct do else end except false fetch for foreign freeze from full grant group having
  ilike in initially inner intersect into is isnull join lateral leading left like limit localtime localtimestamp natural not
  notnull null offset on only or order outer overlaps placing primary references returning right select session_user similar
  some symmetric system_user table tablesample then to trailing true union unique user using variadic verbose when where window
  with`.split(/\s+/),
);

/** The name inside the quotes. */
export function bare(name: string): string {
  return name.startsWith('"') ? name.slice(1, -1).replaceAll('""', '"') : name;
}

export function literal(text: string): string {
  return `'${text.replaceAll("'", "''")}'`;
}

/** A text that may hold names of the application, between dollar signs that it does not hold itself. */
export function dollarQuoted(text: string): string {
  let tag = '$$';
  for (let n = 1; text.includes(tag); n += 1) tag = `$body${n}$`;
  return tag + text + tag;
}

/** Postgres cuts a longer name off, without an error. */
const maxNameBytes = 63;

/** Another name with an ending of its own, such as `orders_pkey_org`. A long one ends in a digest, so that two stay two. */
export function nameWith(name: string, ending: string): string {
  const whole = bare(name) + ending;
  if (Buffer.byteLength(whole) <= maxNameBytes) return quoted(whole);
  const digest = createHash('sha256').update(whole).digest('hex').slice(0, 8);
  let cut = bare(name);
  while (Buffer.byteLength(cut) > maxNameBytes - ending.length - digest.length - 1) cut = cut.slice(0, -1);
  return quoted(`${cut}_${digest}${ending}`);
}

/** The first name with this ending, or with a number after it, that is not taken. */
export function freeName(name: string, ending: string, taken: readonly string[]): string {
  for (let n = 1; ; n += 1) {
    const free = nameWith(name, n === 1 ? ending : `${ending}${n}`);
    if (!taken.includes(free)) return free;
  }
}

/** Words of a file name. */
export function fileWords(...names: readonly string[]): string {
  return names
    .map((name) => name.replaceAll(/([a-z0-9])([A-Z])/g, '$1_$2').toLowerCase())
    .join('_')
    .replaceAll(/[^a-z0-9]+/g, '_')
    .replaceAll(/^_+|_+$/g, '');
}

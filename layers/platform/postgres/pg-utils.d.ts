/** What `pg` exports beside its index and its types leave out. */
declare module 'pg/lib/utils.js' {
  /** Makes of a value the text or the bytes that are bound for it. */
  export function prepareValue(value: unknown): string | Buffer | null;
}

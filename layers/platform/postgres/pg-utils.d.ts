/** Exports of `pg` that its types do not declare. */
declare module 'pg/lib/utils.js' {
  /** Converts a value to the text or the bytes that are bound for it. */
  export function prepareValue(value: unknown): string | Buffer | null;
}

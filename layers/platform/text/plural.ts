/**
 * A count with its noun: `1 balance`, `2 balances`, `0 entries`.
 * @param many the plural, when it is not the singular with an s
 * @example counted(entries, 'entry', 'entries')
 */
export function counted(count: number, one: string, many = `${one}s`): string {
  return `${count} ${count === 1 ? one : many}`;
}

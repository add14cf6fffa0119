/** A count with its noun: `1 balance`, `2 balances`. `many` is the plural that is more than the singular and an s. */
export function counted(count: number, one: string, many = `${one}s`): string {
  return `${count} ${count === 1 ? one : many}`;
}

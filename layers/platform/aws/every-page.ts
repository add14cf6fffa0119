import { AwsRefused } from './call.ts';

/**
 * Reads every page of a list.
 * @throws AwsRefused when the list has no end: a page leads to one that was read already
 */
export async function everyPage<T>(
  operation: string,
  read: (
    marker: string | undefined,
    operation: string,
  ) => Promise<{
    readonly items: readonly T[] | undefined;
    readonly marker: string | undefined;
  }>,
): Promise<T[]> {
  const all: T[] = [];
  const seen = new Set<string>();
  for (let marker: string | undefined; ; ) {
    const page = await read(marker, operation);
    all.push(...(page.items ?? []));
    marker = page.marker || undefined;
    if (marker === undefined) return all;
    if (seen.has(marker)) throw new AwsRefused(operation, 'SamePage', 'it repeats a page', undefined);
    seen.add(marker);
  }
}

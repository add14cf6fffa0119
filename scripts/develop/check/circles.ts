import type { ImportLine } from './imports.ts';
import { targetOf } from './layering.ts';

/** Every circle of imports, one line each. Type imports count too. */
export function circleFaults(imports: readonly ImportLine[]): string[] {
  return circlesOf(imports).map(
    (circle) => `${circle[0]}: circle of imports: ${[...circle, circle[0]].join(' -> ')}`,
  );
}

/**
 * The circles in a graph of imports. For each group of files that import each other, directly or not, the shortest circle
 * through its first file.
 */
export function circlesOf(imports: readonly ImportLine[]): string[][] {
  const graph = new Map<string, Set<string>>();
  for (const { file, specifier } of imports) {
    const target = targetOf(file, specifier);
    if (!target?.endsWith('.ts')) continue;
    graph.set(file, (graph.get(file) ?? new Set()).add(target));
  }
  const circles: string[][] = [];
  const named = new Set<string>();
  for (const file of [...graph.keys()].sort()) {
    if (named.has(file)) continue;
    const circle = shortestWayBack(graph, file);
    for (const each of circle) named.add(each);
    if (circle.length > 0) circles.push(circle);
  }
  return circles;
}

/** Breadth first: the first way back to the file is the shortest. Empty when there is none. */
function shortestWayBack(graph: ReadonlyMap<string, ReadonlySet<string>>, file: string): string[] {
  const cameFrom = new Map<string, string>();
  const queue = [file];
  for (const at of queue) {
    for (const next of graph.get(at) ?? []) {
      if (next === file) return wayTo(cameFrom, file, at);
      if (cameFrom.has(next)) continue;
      cameFrom.set(next, at);
      queue.push(next);
    }
  }
  return [];
}

function wayTo(cameFrom: ReadonlyMap<string, string>, file: string, last: string): string[] {
  const way = [last];
  for (let at = last; at !== file; ) {
    at = cameFrom.get(at) ?? file;
    way.unshift(at);
  }
  return way;
}

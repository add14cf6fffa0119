import { existsSync, readFileSync } from 'node:fs';
import { SourceMap } from 'node:module';

/** This file, or the bundle that contains it. */
const program = import.meta.filename;

/**
 * Makes the stacks of errors name TypeScript files and lines, in a bundle that has a source map beside it.
 *
 * Node's `--enable-source-maps` does the same, but reads the map at every start: a sixth of a cold start, for errors that most
 * starts never have. Here the first stack reads it.
 */
export function showSourceLines(): void {
  const file = `${program}.map`;
  if (process.sourceMapsEnabled || !existsSync(file)) return;
  let map: SourceMap | undefined;
  const placeOf = (site: NodeJS.CallSite) => {
    map ??= new SourceMap(JSON.parse(readFileSync(file, 'utf8')));
    return sourceSite(site, map);
  };
  Error.prepareStackTrace = (error, sites) =>
    [Error.prototype.toString.call(error), ...sites.map((site) => `    at ${readable(site, placeOf)}`)].join(
      '\n',
    );
}

/** A stack must never fail: it would replace the error that it belongs to. */
function readable(site: NodeJS.CallSite, placeOf: (site: NodeJS.CallSite) => string): string {
  try {
    return placeOf(site);
  } catch {
    return String(site);
  }
}

/** A call as Node prints it, with its place in the source instead of in the bundle. */
function sourceSite(site: NodeJS.CallSite, map: SourceMap): string {
  const [line, column] = [site.getLineNumber(), site.getColumnNumber()];
  const printed = String(site);
  if (site.getFileName() !== program || line === null || column === null) return printed;
  const { fileName, lineNumber, columnNumber } = map.findOrigin(line, column) as Partial<SourceOrigin>;
  if (fileName === undefined) return printed;
  const source = fileName.replace(/^(?:\.\.\/)+/, '');
  return printed.replace(`${program}:${line}:${column}`, `${source}:${lineNumber}:${columnNumber}`);
}

interface SourceOrigin {
  readonly fileName: string;
  readonly lineNumber: number;
  readonly columnNumber: number;
}

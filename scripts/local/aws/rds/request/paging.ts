import type { QueryParameters } from '../../query-parameters.ts';
import type { XmlElements } from '../../xml.ts';
import { invalidParameter } from '../errors.ts';

const records = 100;

/** A list in pages: its name, the name of each in it, and what places one in the order of all. */
export interface PagedList<T> {
  readonly name: string;
  readonly member: string;
  readonly all: readonly T[];
  /** Unique, and ascending as `all` is, so that a page goes on rightly when others come and go. */
  readonly keyOf: (each: T) => string;
  readonly describe: (each: T) => XmlElements | Promise<XmlElements>;
}

/**
 * The page that a Marker leads to; the first without one.
 * @throws AwsError InvalidParameterValue
 */
export async function page<T>(parameters: QueryParameters, list: PagedList<T>): Promise<XmlElements> {
  const after = readMarker(parameters.text('Marker'));
  const left = list.all.filter((each) => after === undefined || list.keyOf(each) > after);
  const shown = left.slice(0, records);
  const last = shown.at(-1);
  return {
    Marker: last !== undefined && left.length > records ? writeMarker(list.keyOf(last)) : undefined,
    [list.name]: { [list.member]: await Promise.all(shown.map(list.describe)) },
  };
}

const markerStart = 'after:';

function writeMarker(key: string): string {
  return Buffer.from(markerStart + key).toString('base64url');
}

function readMarker(marker: string | undefined): string | undefined {
  if (!marker) return undefined;
  const text = Buffer.from(marker, 'base64url').toString();
  if (!text.startsWith(markerStart)) throw invalidParameter(`Invalid marker ${marker}.`);
  return text.slice(markerStart.length);
}

/** What a proof has tried, and how much of it held. Every proof has one in its JSON, for `npm run prove`. */
export interface Tally {
  readonly tried: number;
  readonly held: number;
}

export function tallyOf<Result>(results: readonly Result[], holds: (result: Result) => boolean): Tally {
  return { tried: results.length, held: results.filter(holds).length };
}

export function sumOf(tallies: readonly Tally[]): Tally {
  return {
    tried: tallies.reduce((sum, { tried }) => sum + tried, 0),
    held: tallies.reduce((sum, { held }) => sum + held, 0),
  };
}

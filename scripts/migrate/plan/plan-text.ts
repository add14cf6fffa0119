import { counted } from '#platform/text/plural.ts';
import { strengthOf } from '#schema/validator/effects/lock-modes.ts';
import { type PlannedEffect, type PlannedFile, type PlannedStatement, rates } from './statement-plan.ts';

/** The runner's answer to a lock that it does not get. */
export interface RetryPlan {
  readonly lockTimeoutMs: number;
  readonly lockAttempts: number;
}

/** The plan for people: each file, and each statement that touches tables which are there. */
export function statementsText(files: readonly PlannedFile[], retries: RetryPlan): string {
  return [...files.map(fileText), footnote(retries)].join('\n');
}

const ways: Readonly<Record<PlannedFile['way'], string>> = {
  transaction: 'one transaction',
  concurrently: 'concurrently, statement by statement outside a transaction',
  backfill: 'backfill, batch by batch',
};

function fileText({ name, way, isContract, statements }: PlannedFile): string {
  const shown = statements.filter(isNoticed);
  const quiet = statements.length - shown.length;
  return [
    `  ${name}  (${ways[way]}${isContract ? '; contract: takes away what the release before needs' : ''})`,
    ...shown.map(statementText),
    ...(quiet > 0 ? [`    ${counted(quiet, 'other statement')} without a lock that anybody notices`] : []),
  ].join('\n');
}

/** Below SHARE UPDATE EXCLUSIVE, a lock is one that every request takes. */
function isNoticed({ effects, opaque }: PlannedStatement): boolean {
  return (
    opaque !== undefined ||
    effects.some(
      ({ lock, work }) => strengthOf(lock) >= strengthOf('SHARE UPDATE EXCLUSIVE') || work === 'reads',
    )
  );
}

function statementText({ line, statement, effects, opaque }: PlannedStatement): string {
  return [
    `    line ${line}: ${statement}`,
    ...effects.map(effectText),
    ...(opaque ? [`      known only when it runs: ${opaque}`] : []),
  ].join('\n');
}

function effectText({ table, lock, work, because, size, expectedMs }: PlannedEffect): string {
  const does = {
    none: 'changes the catalogue only',
    reads: `reads as the plan decides: ${because}`,
    scan: `reads every row: ${because}`,
    rewrite: `writes the table again: ${because}`,
  }[work];
  const large = size ? `${sizeText(size.bytes)}, ${rowsText(size.rows)}` : 'not there yet';
  const time = expectedMs === undefined ? 'time unknown' : `about ${durationText(expectedMs)}`;
  return `      ${table} (${large}): ${lock}; ${does}; ${time}`;
}

function rowsText(rows: number): string {
  return rows < 0 ? 'rows never counted' : `about ${counted(Math.round(rows), 'row')}`;
}

function sizeText(bytes: number): string {
  const units = ['bytes', 'kB', 'MB', 'GB', 'TB'];
  const power = bytes < 1_000 ? 0 : Math.min(4, Math.floor(Math.log10(bytes) / 3));
  return `${(bytes / 1_000 ** power).toFixed(power === 0 ? 0 : 1)} ${units[power]}`;
}

function durationText(durationMs: number): string {
  if (durationMs < 1_000) return `${durationMs} ms`;
  return durationMs < 120_000
    ? `${(durationMs / 1_000).toFixed(1)} s`
    : `${Math.round(durationMs / 60_000)} min`;
}

function footnote({ lockTimeoutMs, lockAttempts }: RetryPlan): string {
  return [
    `Each statement waits ${lockTimeoutMs} ms for a lock; then its file starts again, ${lockAttempts} times at most.`,
    'A concurrent build waits without a limit, and nobody waits for it.',
    `Times assume ${rates.read / 1e6} MB/s to read a table and ${rates.write / 1e6} MB/s to write it again or build an index;`,
    'this database was not measured.',
  ].join('\n');
}

import { counted } from '#platform/text/plural.ts';
import type { LockQueue } from './lock-queue.ts';
import { isPerfect, type MigrationRun, mostMs, type Waits } from './results.ts';

export function runText(run: MigrationRun): string {
  const { name, moved, quiet, migrating, lostOrDoubled } = run;
  return [
    `${isPerfect(run) ? 'ok   ' : 'FAIL '} ${name}: migrated in ${seconds(moved.durationMs)}, requests held for ${ms(moved.heldMs)} at the switch`,
    ...(moved.killedAt.length > 0
      ? [`      killed ${counted(moved.killedAt.length, 'time')}: ${moved.killedAt.join(', ')}`]
      : []),
    `      before:    ${waitsText(quiet)}`,
    `      meanwhile: ${waitsText(migrating)}; ${(migrating.longestMs / quiet.longestMs).toFixed(2)} times the longest before, at most ${ms(mostMs)} allowed`,
    `      ${counted(lostOrDoubled.length, 'balance')} with lost or doubled movements`,
    ...[...quiet.failed, ...migrating.failed, ...lostOrDoubled]
      .slice(0, 10)
      .map((fault) => `        ${fault}`),
  ].join('\n');
}

function waitsText({ requests, failed, medianMs, longestMs, longest }: Waits): string {
  return `${counted(requests, 'request')}, ${failed.length} failed, median wait ${ms(medianMs)}, longest ${ms(longestMs)} (${longest})`;
}

export function lockQueueText({ readerMs, plainMs, budgetedMs }: LockQueue): string {
  return [
    `Lock queue, with a reader open for ${ms(readerMs)}: the longest wait of a short read is`,
    `      ${ms(plainMs)} behind a plain ALTER TABLE`,
    `      ${ms(budgetedMs)} behind the same statement as a migration`,
  ].join('\n');
}

const ms = (value: number) => `${Math.round(value)} ms`;
const seconds = (value: number) => `${(value / 1000).toFixed(1)} s`;

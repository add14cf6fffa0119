import { lastOf } from '#portability/moving-in/steps.ts';
import type { FromRunner } from './runner.ts';

/** Where a kill hurts most, in the order of the run. Batches are counted from the last kill. */
const places: readonly ((message: FromRunner, batches: number) => boolean)[] = [
  begins(/moving_in/),
  begins(/movement_columns/),
  begins(/organization_keys/),
  begins(/entries/),
  batch(/entries_filled/, 3),
  batch(/entries_filled/, 20),
  begins(/ledger_keys/),
  batch(/balances_filled/, 3),
  (message) => message.kind === 'ready to switch',
  begins(new RegExp(lastOf.switch)),
];

/** A decision after each event that kills `count` times in the course of the runs, each time at another place. */
export function killSchedule(count: number): (message: FromRunner) => boolean {
  const left = places.slice(0, count);
  let batches = 0;
  return (message) => {
    if (message.kind === 'event' && message.event.kind === 'filling') batches += 1;
    const nth = left.findIndex((isHere) => isHere(message, batches));
    if (nth < 0) return false;
    left.splice(nth, 1);
    batches = 0;
    return true;
  };
}

function begins(name: RegExp) {
  return (message: FromRunner): boolean =>
    message.kind === 'event' && message.event.kind === 'applying' && name.test(message.event.name);
}

function batch(name: RegExp, number: number) {
  return (message: FromRunner, batches: number): boolean =>
    message.kind === 'event' &&
    message.event.kind === 'filling' &&
    name.test(message.event.name) &&
    batches >= number;
}

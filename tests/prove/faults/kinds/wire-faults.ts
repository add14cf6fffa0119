import { setTimeout as delay } from 'node:timers/promises';
import type { Fault } from '../fault.ts';
import { type Plan, points } from '../relay.ts';

const strikeMs = 2_500;

function wireFault(name: string, does: string, plan: Plan): Fault {
  return {
    name,
    does,
    async strike({ database }, signal) {
      database.follow(plan);
      await delay(strikeMs, undefined, { signal }).finally(() => database.follow(undefined));
      return { times: database.broken() };
    },
  };
}

export const wireFaults: readonly Fault[] = [
  wireFault('cut at COMMIT', 'closes every third connection before, inside or after COMMIT or its answer', {
    how: 'cut',
    at: points,
    every: 3,
  }),
  wireFault('reset at COMMIT', 'resets every third connection there', {
    how: 'reset',
    at: points,
    every: 3,
  }),
  wireFault('answer of COMMIT lost', 'stores the write and closes the connection before its answer', {
    how: 'cut',
    at: ['answer'],
    every: 2,
  }),
  wireFault('delayed at COMMIT', 'holds the bytes back for a while there', {
    how: 'delay',
    at: points,
    every: 4,
  }),
  wireFault('hanging at COMMIT', 'passes nothing on any more there, and leaves the connection open', {
    how: 'hang',
    at: ['before', 'inside'],
    every: 5,
  }),
  wireFault('muted after COMMIT', 'passes COMMIT on and its answer not, and leaves the connection open', {
    how: 'hang',
    at: ['answer', 'inside answer'],
    every: 5,
  }),
  {
    name: 'database refused',
    does: 'closes every connection to Postgres and refuses new ones',
    async strike({ database }, signal) {
      await database.refuse();
      await delay(1_500, undefined, { signal }).finally(() => database.accept());
      return { times: database.broken() };
    },
  },
];

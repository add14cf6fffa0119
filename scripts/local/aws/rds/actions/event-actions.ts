import type { Action } from '../../query-service.ts';
import type { Rds } from '../context.ts';
import { describeEvent } from '../descriptions.ts';
import { page } from '../request/paging.ts';
import { integerOf, required } from '../request/parameters.ts';

const defaultMinutes = 60;
const maxMinutes = 20_160;

/** Lists events as RDS does. */
export function eventActions({ store }: Rds): Readonly<Record<string, Action>> {
  return {
    DescribeEvents(parameters, region) {
      const source = required(parameters, 'SourceIdentifier').toLowerCase();
      const type = required(parameters, 'SourceType');
      const minutes = integerOf(parameters, 'Duration', { min: 1, max: maxMinutes }) ?? defaultMinutes;
      const start = new Date(Date.now() - minutes * 60_000);
      // The place in the list tells apart what has happened in the same millisecond.
      const all = store
        .events()
        .map((event, index) => ({ event, key: `${event.at} ${String(index).padStart(8, '0')}` }))
        .filter(({ event }) => event.region === region && new Date(event.at) >= start)
        .filter(({ event }) => event.sourceType === type && event.sourceIdentifier === source);
      return page(parameters, {
        name: 'Events',
        member: 'Event',
        all,
        keyOf: ({ key }) => key,
        describe: ({ event }) => describeEvent(event),
      });
    },
  };
}

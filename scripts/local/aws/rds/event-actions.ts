import type { Action } from '../query-service.ts';
import type { Rds } from './context.ts';
import { describeEvent } from './descriptions.ts';
import { invalidCombination, invalidParameter } from './errors.ts';
import { page } from './paging.ts';
import { integerOf, timeOf } from './parameters.ts';

const defaultMinutes = 60;
const maxMinutes = 20_160;

/** What RDS tells of what has happened. */
export function eventActions({ store }: Rds): Readonly<Record<string, Action>> {
  return {
    DescribeEvents(parameters, region) {
      const source = parameters.text('SourceIdentifier')?.toLowerCase();
      const type = parameters.text('SourceType');
      if (source !== undefined && type === undefined) {
        throw invalidCombination('SourceType must be specified together with SourceIdentifier.');
      }
      const minutes = integerOf(parameters, 'Duration', { min: 1, max: maxMinutes }) ?? defaultMinutes;
      const end = timeOf(parameters, 'EndTime') ?? new Date();
      const start = timeOf(parameters, 'StartTime') ?? new Date(end.getTime() - minutes * 60_000);
      if (start > end) throw invalidParameter('StartTime must be before EndTime.');
      const categories = parameters.list('EventCategories', 'EventCategory').map((each) => each.text());
      // The place in the list tells apart what has happened in the same millisecond.
      const all = store
        .events()
        .map((event, index) => ({ event, key: `${event.at} ${String(index).padStart(8, '0')}` }))
        .filter(({ event }) => event.region === region)
        .filter(({ event }) => new Date(event.at) >= start && new Date(event.at) <= end)
        .filter(({ event }) => type === undefined || event.sourceType === type)
        .filter(({ event }) => source === undefined || event.sourceIdentifier === source)
        .filter(
          ({ event }) =>
            categories.length === 0 || event.categories.some((each) => categories.includes(each)),
        );
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

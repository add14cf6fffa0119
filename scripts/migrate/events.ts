import { counted } from '#platform/plural.ts';
import type { MigrationEvent } from '#schema/migrations/migrate.ts';

/** What a migration run is doing, in one line. */
export function eventText(event: MigrationEvent): string {
  switch (event.kind) {
    case 'waiting':
      return `waiting for another migration run: ${event.holder}`;
    case 'planned':
      return `${counted(event.pending.length, 'file')} to apply`;
    case 'applying':
      return `${event.name} …`;
    case 'retrying':
      return `${event.name} waited too long for a lock and starts again (attempt ${event.attempt + 1})`;
    case 'filling':
      return `${event.name}: filled ${event.rowsFilled} of ${counted(event.rowsTotal, 'row')}${event.resumed ? ' (continued)' : ''}`;
    case 'applied':
      return `${event.name} applied in ${Math.round(event.durationMs)} ms`;
  }
}

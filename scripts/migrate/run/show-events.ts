import { counted } from '#platform/text/plural.ts';
import type { MigrationEvent } from '#schema/migrations/migrate.ts';
import type { Progress } from '#scripts/cli/progress.ts';

/** Shows the events of a run: one line each, and a bar for the rows of a backfill. */
export function showEvents(
  note: (line: string) => void,
  progress: Progress,
): (event: MigrationEvent) => void {
  let filling: string | undefined;
  return (event) => {
    if (event.kind === 'filling') {
      if (filling !== event.name) progress.start(event.rowsTotal, 'rows');
      filling = event.name;
      progress.update(event.rowsFilled, event.rowsTotal, event.leftMs);
      return;
    }
    if (filling !== undefined) progress.stop();
    filling = undefined;
    note(lineOf(event));
  };
}

function lineOf(event: Exclude<MigrationEvent, { kind: 'filling' }>): string {
  switch (event.kind) {
    case 'waiting':
      return `waiting for another migration run: ${event.holder}`;
    case 'planned':
      return `${counted(event.pending.length, 'file')} to apply`;
    case 'applying':
      return `${event.name} …`;
    case 'retrying':
      return `${event.name} waited too long for a lock and starts again (attempt ${event.attempt + 1})`;
    case 'pausing':
      return `${event.name} pauses: ${event.reason}`;
    case 'blind':
      return `${event.name} does not pause for others: the user who migrates cannot see them (grant it pg_monitor)`;
    case 'applied':
      return `${event.name} applied in ${Math.round(event.durationMs)} ms`;
  }
}

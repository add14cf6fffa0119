import { counted } from '#platform/text/plural.ts';
import type { MoveInCheck, Offence } from '#portability/moving-in/check/offence.ts';

const mostCharacters = 60;

/** The outcome of a check of an inventory before it moves in, for people. */
export function moveInCheckText({ offences, counts }: MoveInCheck): string {
  const total = Object.values(counts).reduce((sum, count) => sum + count, 0);
  if (total === 0) return 'Every row can move in.';
  const parts = Object.entries(Object.groupBy(offences, ({ ruleId }) => ruleId)).map(([ruleId, group = []]) =>
    ruleText(ruleId, group, counts[ruleId] ?? group.length),
  );
  const map = suggestedMap(offences);
  return [
    `${counted(total, 'row')} cannot move in. Nothing was changed.`,
    ...parts,
    ...(map
      ? [`A map that would rename ${counted(linesOf(map), 'row')} (--map FILE), to review:\n\n${map}`]
      : []),
  ].join('\n\n');
}

function ruleText(ruleId: string, group: readonly Offence[], count: number): string {
  const rows = group.map(({ table, id, value, rule }) => `  ${table} ${id}: ${shown(value)}\n    ${rule}`);
  const more = count > group.length ? [`  and ${count - group.length} more: --most names more`] : [];
  const remedies = [...new Set(group.map(({ remedy }) => `  ${remedy}`))];
  return [`${ruleId} (${counted(count, 'row')})`, ...rows, ...more, ...remedies].join('\n');
}

function shown(value: string | null): string {
  if (value === null) return 'no value';
  return JSON.stringify(value.length > mostCharacters ? `${value.slice(0, mostCharacters)}…` : value);
}

/** The lines of a map that gives offending codes the code that was found for them; empty when there is none. */
export function suggestedMap(offences: readonly Offence[]): string {
  const lines = offences.flatMap(({ table, value, becomes }) =>
    becomes === undefined || value === null ? [] : [[table, value, becomes].map(csvField).join()],
  );
  return lines.length === 0 ? '' : `${['table,code,becomes', ...lines].join('\n')}\n`;
}

function linesOf(map: string): number {
  return map.split('\n').length - 2;
}

function csvField(text: string): string {
  return /[",\r\n]|^\s|\s$/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

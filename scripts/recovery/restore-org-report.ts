import type { Collision } from '#portability/restore-org/collisions.ts';
import type { TableDifference } from '#portability/restore-org/difference.ts';
import type { RestoreReport } from '#portability/restore-org/restore-org.ts';

/** What a restoration of one organization, or the dry run of it, came to, for people. */
export function restoreText(report: RestoreReport, dryRun: boolean): string {
  const { organization, mode, copiedAt, copiedAtBy, differences, leftOut = [], obstacle, restored } = report;
  const lines = [
    `${organization.slug} (${organization.id}), in the copy as of ${copiedAt}${copiedAtBy === 'heartbeat' ? '' : ' or later'}:`,
    ...differences.filter(isDifferent).map(differenceText),
  ];
  if (!differences.some(isDifferent)) lines.push('  the copy and production are the same');
  lines.push(...leftOut.map(leftOutText));
  if (obstacle) return [...lines, `It would be refused: ${obstacle.message}.`, obstacle.remedy].join('\n');
  if (dryRun) return [...lines, 'Nothing was changed.'].join('\n');
  if (!restored) return [...lines, 'There was nothing to bring back; nothing was changed.'].join('\n');
  const { others } = restored;
  lines.push(
    mode === 'merge' ? 'What was lost is there again.' : 'It is as it was then.',
    `Other organizations: ${others.organizations}, of which ${others.unchanged} are unchanged to the letter and ` +
      `${others.changedByThemselves} have worked meanwhile; none was touched.`,
  );
  if (restored.balancesRecomputed > 0) {
    lines.push(`Balances made what their movements add up to: ${restored.balancesRecomputed}.`);
  }
  if (restored.keysRevoked > 0) {
    lines.push(
      `API keys that came back revoked, since nobody knows whether they had been: ${restored.keysRevoked}. Make new ones.`,
    );
  }
  if (restored.before) lines.push(`What there was before: ${restored.before}`);
  lines.push(`It is suspended: look at it, and then npm run org:resume -- --org ${organization.slug}`);
  return lines.join('\n');
}

function leftOutText({ table, values, lost, there }: Collision): string {
  return `  ${table}: ${values.join(', ')} is ${there} today; the ${lost} of then, to which nothing refers, is left out`;
}

function isDifferent({ lost, since, changed }: TableDifference): boolean {
  return lost + since + changed > 0;
}

function differenceText({ table, past, present, lost, since, changed }: TableDifference): string {
  return `  ${table}: ${past} rows then, ${present} now; ${lost} lost, ${since} made since, ${changed} changed`;
}

import { counted } from '#platform/text/plural.ts';
import type { Collision } from '#portability/restore-org/collisions.ts';
import type { TableDifference } from '#portability/restore-org/difference.ts';
import type { RestoreReport } from '#portability/restore-org/restore-org.ts';

/** The result of restoring one organization, or of the dry run, for people. */
export function restoreText(report: RestoreReport, dryRun: boolean): string {
  const { organization, mode, copiedAt, copiedAtBy, differences, leftOut = [], obstacle, restored } = report;
  const lines = [
    `${organization.slug} (${organization.id}), copy as of ${copiedAt}${copiedAtBy === 'heartbeat' ? '' : ' or later'}:`,
    ...differences.filter(isDifferent).map(differenceText),
  ];
  if (!differences.some(isDifferent)) lines.push('  no differences between the copy and production');
  lines.push(...leftOut.map(leftOutText));
  if (obstacle) return [...lines, `It would be refused: ${obstacle.message}.`, obstacle.remedy].join('\n');
  if (dryRun) return [...lines, 'Nothing was changed.'].join('\n');
  if (!restored) return [...lines, 'There was nothing to restore. Nothing was changed.'].join('\n');
  const { others } = restored;
  lines.push(
    mode === 'merge' ? 'The lost rows are restored.' : 'The organization is restored as of that time.',
    `Other organizations: ${others.organizations}, none touched: ${others.unchanged} have the same digest as before, ` +
      `${others.changedByThemselves} changed by their own work.`,
  );
  if (restored.balancesRecomputed > 0) {
    lines.push(`Balances recomputed from their movements: ${restored.balancesRecomputed}.`);
  }
  if (restored.keysRevoked > 0) {
    lines.push(
      `API keys restored as revoked, because they may have been revoked since: ${restored.keysRevoked}. Create new ones.`,
    );
  }
  if (restored.before) lines.push(`The data from before the restore: ${restored.before}`);
  lines.push(`It is suspended. Check it, then run: npm run org:resume -- --org ${organization.slug}`);
  return lines.join('\n');
}

function leftOutText({ table, values, lost, there }: Collision): string {
  return `  ${table}: ${values.join(', ')} is ${there} today; the old one, ${lost}, is skipped (nothing refers to it)`;
}

function isDifferent({ lost, since, changed }: TableDifference): boolean {
  return lost + since + changed > 0;
}

function differenceText({ table, past, present, lost, since, changed }: TableDifference): string {
  return `  ${table}: ${counted(past, 'row')} then, ${present} now; ${lost} lost, ${since} new, ${changed} changed`;
}

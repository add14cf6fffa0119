import { findingText } from '#scripts/migrate/validation/report.ts';
import { findSources } from '#scripts/migrate/validation/sources.ts';
import { judgeSource } from '#scripts/migrate/validation/verdicts.ts';

/** What the validator finds in the text of the migrations of a folder. */
export async function migrationFaults(migrationsDirectory: string): Promise<string[]> {
  const sources = await findSources([migrationsDirectory], 'stockade');
  const verdicts = await Promise.all(sources.map(judgeSource));
  return verdicts
    .flatMap(({ files, unreadable }) => [...unreadable, ...files.flatMap(({ findings }) => findings)])
    .map(findingText);
}

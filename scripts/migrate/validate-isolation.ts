import { join } from 'node:path';
import { type IsolationRule, isolationQuery, readIsolationRules } from '#schema/lint/isolation-rules.ts';
import { command } from '../cli/command.ts';
import { databaseOptions, findDatabaseUrl } from '../cli/database/database-url.ts';
import { UsageError } from '../cli/failure.ts';
import * as option from '../cli/option.ts';
import { paths } from '../paths.ts';
import { lintDatabase, lintMigrations, rulesFolder } from './isolation/lint-database.ts';
import { isolationJson, isolationText } from './isolation/report.ts';

await command({
  name: 'validate:isolation',
  summary: 'Looks for whatever in a database lets one organization reach the rows of another.',
  description: [
    'It reads the catalogue only, in a read-only transaction, and may be run against production at any time.',
    'Exit code 0 when every rule ran and found nothing, 1 when one found a fault or could not run.',
  ].join('\n'),
  options: {
    ...databaseOptions,
    scratch: option.flag({
      description: 'look at what the migrations make of an empty database, on a Postgres of its own',
    }),
    rule: option.several(
      option.text({
        description: 'ask this rule alone, by its number',
        placeholder: 'NNNN',
        pattern: /^\d{4}$/,
        expected: 'It must be a number of four digits, such as 0001.',
      }),
    ),
    sql: option.flag({ description: 'print the query instead of running it, for psql' }),
  },
  examples: [
    { type: '', does: 'looks at the local platform that `npm start` runs' },
    { type: '--database-url postgres://…', does: 'looks at that database' },
    { type: '--scratch', does: 'what CI does' },
    { type: '--rule 0001 --rule 0002', does: 'asks these two rules' },
  ],
  run: async ({ options, signal }) => {
    if (options.scratch && options.databaseUrl) {
      throw new UsageError(
        '--scratch and --database-url exclude each other',
        'Which database is to be looked at?',
      );
    }
    const rules = choose(await readIsolationRules(join(paths.root, rulesFolder)), options.rule);
    if (options.sql) {
      const query = isolationQuery(rules);
      return { text: `set search_path = '';\n${query};`, json: { query } };
    }
    const report = options.scratch
      ? await lintMigrations(paths.migrations, rules, signal)
      : await lintDatabase(await findDatabaseUrl(options), rules);
    return { text: isolationText(report), json: isolationJson(report), failed: !report.ok };
  },
});

function choose(rules: readonly IsolationRule[], numbers: readonly string[]): readonly IsolationRule[] {
  const unknown = numbers.find((number) => !rules.some((rule) => rule.number === number));
  if (unknown) {
    throw new UsageError(
      `there is no rule ${unknown}`,
      `They go from ${rules[0]?.number} to ${rules.at(-1)?.number}.`,
    );
  }
  return numbers.length === 0 ? rules : rules.filter(({ number }) => numbers.includes(number));
}

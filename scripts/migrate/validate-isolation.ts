import { join } from 'node:path';
import { type IsolationRule, isolationQuery, readIsolationRules } from '#schema/lint/isolation-rules.ts';
import { command } from '../cli/command.ts';
import { databaseOptions, findDatabaseUrl } from '../cli/database/database-url.ts';
import { UsageError } from '../cli/failure.ts';
import * as option from '../cli/option.ts';
import { paths } from '../paths.ts';
import { exceptionsBeside, lintDatabase, lintMigrations, rulesFolder } from './isolation/lint-database.ts';
import { isolationJson, isolationText } from './isolation/report.ts';

await command({
  name: 'validate:isolation',
  summary: 'Checks that nothing in a database lets one organization reach the rows of another.',
  description: [
    'It only reads the catalogue, in a read-only transaction: you can run it against production at any time.',
    'Exit code 0 when every rule ran and found no fault, 1 when a rule found a fault or could not run.',
  ].join('\n'),
  options: {
    ...databaseOptions,
    scratch: option.flag({
      description: 'check an empty database after all migrations, on a temporary Postgres',
    }),
    migrations: option.path({
      description:
        'the folder of the migrations that made the database: lint/exceptions.json beside it has what is accepted (default: those of this release)',
      placeholder: 'folder',
      exists: true,
    }),
    rule: option.several(
      option.text({
        description: 'run only this rule, by its number',
        placeholder: 'NNNN',
        pattern: /^\d{4}$/,
        expected: 'It must be a number of four digits, such as 0001.',
      }),
    ),
    sql: option.flag({ description: 'print the query for psql, and do not run it' }),
  },
  examples: [
    { type: '', does: 'checks the local platform that `npm start` runs' },
    { type: '--database-url postgres://…', does: 'checks that database' },
    {
      type: '--migrations adopted/migrations --database-url postgres://…',
      does: 'checks an adopted application',
    },
    { type: '--scratch', does: 'checks the migrations, as CI does' },
    { type: '--rule 0001 --rule 0002', does: 'runs these two rules' },
  ],
  run: async ({ options, signal }) => {
    if (options.scratch && options.databaseUrl) {
      throw new UsageError('--scratch and --database-url exclude each other', 'Pass one of them.');
    }
    const migrations = options.migrations ?? paths.migrations;
    const rules = choose(
      await readIsolationRules(join(paths.root, rulesFolder), exceptionsBeside(migrations)),
      options.rule,
    );
    if (options.sql) {
      const query = isolationQuery(rules);
      return { text: `set search_path = '';\n${query};`, json: { query } };
    }
    const report = options.scratch
      ? await lintMigrations(migrations, rules, signal)
      : await lintDatabase(await findDatabaseUrl(options), rules);
    return { text: isolationText(report), json: isolationJson(report), failed: !report.ok };
  },
});

function choose(rules: readonly IsolationRule[], numbers: readonly string[]): readonly IsolationRule[] {
  const unknown = numbers.find((number) => !rules.some((rule) => rule.number === number));
  if (unknown) {
    throw new UsageError(
      `there is no rule ${unknown}`,
      `The rules are ${rules[0]?.number} to ${rules.at(-1)?.number}.`,
    );
  }
  return numbers.length === 0 ? rules : rules.filter(({ number }) => numbers.includes(number));
}

import { readFile } from 'node:fs/promises';
import { counted } from '#platform/text/plural.ts';
import { readCodeMap } from '#portability/moving-in/check/code-map.ts';
import { readDecisionFile } from '#portability/moving-in/decision-file.ts';
import {
  type Decisions,
  readAssignments,
  readOrganization,
  readRoles,
} from '#portability/moving-in/decisions.ts';
import { checkMove, moveOrganizations } from '#portability/moving-in/move.ts';
import { lastOf } from '#portability/moving-in/steps.ts';
import { migrate } from '#schema/migrations/migrate.ts';
import { roles } from '#tenancy/users.ts';
import { command } from '../cli/command.ts';
import { dryRunDescription } from '../cli/dry-run.ts';
import { UsageError } from '../cli/failure.ts';
import * as option from '../cli/option.ts';
import { moveInCheckText } from './moving-in/check-report.ts';
import { moveOptions, movingInOptions } from './moving-in-options.ts';

await command({
  name: 'migrate:org',
  summary:
    'Moves a single-tenant inventory in, part one: every row gets its organization while the old program works.',
  description: [
    'The old program goes on reading and writing under its own login: nothing is taken from it, and its tables stay.',
    'You decide what the rows belong to and what the users may do. Nobody gets a role unless you name it: a user without',
    'one stops the move. You can run it again, to carry on or to change decisions. A file replaces the one before.',
    'First every row is checked: while a rule refuses one, nothing is changed.',
    'The files are CSV with a header:',
    '  --roles   email,organization,role (organization may be left out when there is one)',
    '  --assign  table,column,value,organization (table is items or locations; a movement belongs to its item)',
    '  --map     table,code,becomes (the code changes at the switch, and the old one keeps working as an alias)',
  ].join('\n'),
  options: {
    slug: option.text({ description: 'the short name of the organization', placeholder: 'slug' }),
    name: option.text({ description: 'the name of the organization', placeholder: 'name' }),
    everyone: option.choice(roles, { description: 'the role of every user without a line in --roles' }),
    roles: option.path({ description: 'the roles of the users', placeholder: 'file', exists: true }),
    assign: option.path({
      description: 'which organization rows belong to, by a column; all others belong to the one of --slug',
      placeholder: 'file',
      exists: true,
    }),
    map: option.path({ description: 'what codes become', placeholder: 'file', exists: true }),
    check: option.flag({
      description: 'only name every row that the new rules refuse, and what to do',
    }),
    most: option.integer({
      description: 'how many rows of each rule are named; all are counted',
      default: 20,
      min: 1,
    }),
    dryRun: option.flag({ description: dryRunDescription }),
    ...movingInOptions,
  },
  examples: [
    { type: '--check', does: 'names every row that cannot move in, and suggests a map for its codes' },
    {
      type: '--slug acme --name "Acme Ltd" --everyone clerk',
      does: 'moves everything into one organization, and makes every user a clerk',
    },
    {
      type: '--slug acme --name "Acme Ltd" --roles roles.csv --assign assign.csv',
      does: 'moves rows into several organizations',
    },
    { type: '', does: 'continues with the decisions that were made' },
  ],
  run: async ({ options, ...context }) => {
    const decisions = await readDecisions(options);
    const move = await moveOptions(options, context);
    if (options.check) {
      const check = await checkMove(move, decisions, options.most);
      return { text: moveInCheckText(check), json: check, failed: check.offences.length > 0 };
    }
    if (options.dryRun) {
      const { pending } = await migrate({ ...move, target: lastOf.organizations, dryRun: true });
      const names = pending.map(({ name }) => `\n  ${name}`).join('');
      return {
        text: pending.length ? `Would apply:${names}` : 'Nothing to apply.',
        json: { dryRun: true, pending },
      };
    }
    const { isMoving, runs } = await moveOrganizations(move, decisions);
    const applied = runs.flatMap((run) => run.applied);
    return {
      text: isMoving
        ? `Applied ${counted(applied.length, 'migration')}. Every row has its organization, and the old program goes on working.\nNext: npm run migrate:balance`
        : 'Nothing has to move in: this database has no rows of a single-tenant inventory.\nNext: npm run migrate:all',
      json: { isMoving, applied },
    };
  },
});

async function readDecisions(options: {
  readonly slug: string | undefined;
  readonly name: string | undefined;
  readonly everyone: Decisions['everyone'];
  readonly roles: string | undefined;
  readonly assign: string | undefined;
  readonly map: string | undefined;
}): Promise<Decisions> {
  const { slug, name } = options;
  if ((slug === undefined) !== (name === undefined)) {
    throw new UsageError('--slug and --name belong together: name both or none');
  }
  return {
    organization: slug === undefined || name === undefined ? undefined : readOrganization(slug, name),
    everyone: options.everyone,
    roles: options.roles && readRoles(await readDecisionFile(options.roles)),
    assignments: options.assign && readAssignments(await readDecisionFile(options.assign)),
    codes: options.map && readCodeMap(await readFile(options.map)),
  } as Decisions;
}

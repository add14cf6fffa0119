import type { Table } from '../application.ts';
import { literal, quoted } from '../names.ts';
import type { Proposal } from '../proposal.ts';
import { type Draft, topicOf } from './draft.ts';
import { loginGrants } from './grants.ts';
import { addingPolicy } from './organizations.ts';
import { writersOf } from './wall.ts';

/** Contract: what no organization owns is classified for the lint, and the application's login keeps what it needs of it. */
export function closeOthers(proposal: Proposal): Draft[] {
  const { shared, bookkeeping } = proposal;
  return [
    ...shared.map(
      ({ table, isWritable }): Draft => ({
        topic: topicOf(table, 'shared'),
        directives: ['contract'],
        why: `Contract: every organization reads ${table.name}${isWritable ? ', and may write it' : ', and none writes it'}.`,
        statements: [
          ...loginGrants(proposal, table, { writes: isWritable }),
          classified(table, 'rows that every organization reads.'),
        ],
      }),
    ),
    ...bookkeeping.map(
      (table): Draft => ({
        topic: topicOf(table, 'closed'),
        directives: ['contract'],
        why: `Contract: ${table.name} is for the migrations of the application, which run as stockade_owner.`,
        statements: [
          ...revokedFromAll(proposal, table),
          classified(table, 'the migrations of the application.'),
        ],
      }),
    ),
  ];
}

function classified({ name, comment }: Table, otherwise: string): string {
  return `comment on table ${name} is ${literal(`Platform data: ${comment ?? otherwise}`)}`;
}

function revokedFromAll(proposal: Proposal, { name, owner, grants }: Table): string[] {
  const roles = new Set([owner, ...grants.map(({ grantee }) => grantee)]);
  return rolesOf(proposal, [...roles]).map((role) => `revoke all on ${name} from ${role}`);
}

/** The plain roles among some, as SQL writes them. */
function rolesOf({ application }: Proposal, names: readonly string[]): string[] {
  return names
    .filter(
      (role) =>
        role === 'public' || application.roles.some(({ name, isSuperuser }) => name === role && !isSuperuser),
    )
    .map((role) => (role === 'public' ? role : quoted(role)));
}

/**
 * Contract: functions, types and sequences come to the owner of the wall, nobody else creates objects, and what only the
 * migration needed is gone. The administrator runs it: the database itself is not the owner's.
 */
export function closeDatabase(proposal: Proposal): Draft {
  const { application, logins, choices } = proposal;
  const users = rolesOf(proposal, [...rolesThatUse(proposal)]).filter((role) => role !== 'public');
  const toLogins = logins.map(({ sql }) => sql).join(', ');
  const writers = writersOf(proposal);
  return {
    topic: 'closed',
    directives: ['contract', 'role none'],
    why: 'Contract: nobody but stockade_owner owns or creates anything, and what only the migration needed is gone.',
    statements: [
      `revoke create, temporary on database ${quoted(application.database)} from ${['public', ...users].join(', ')}`,
      ...logins.map(
        ({ sql, searchPath }) =>
          `alter role ${sql} in database ${quoted(application.database)} set search_path = ${pathOf(searchPath)}`,
      ),
      'set local role stockade_owner',
      ...application.routines.flatMap(({ name }) => [
        `revoke all on routine ${name} from public`,
        `grant execute on routine ${name} to ${toLogins}`,
      ]),
      ...application.sequences.flatMap(({ name }) => [
        `revoke all on sequence ${name} from ${users.join(', ')}`,
        `grant usage on sequence ${name} to ${toLogins}`,
      ]),
      ...application.schemas.flatMap(({ name }) => [
        `revoke all on schema ${name} from ${['public', ...users].join(', ')}`,
        `grant usage on schema ${name} to ${users.join(', ')}`,
      ]),
      ...(writers.length > 0
        ? [
            `revoke execute on function tenancy.current_org() from ${writers.join(', ')}`,
            `revoke usage on schema tenancy from ${writers.join(', ')}`,
          ]
        : []),
      ...(choices.organizations.kind === 'root'
        ? [
            `-- allow policy-dropped: it let the owner add the organizations of rows, which it does no more.
drop policy ${addingPolicy} on tenancy.organizations`,
          ]
        : []),
    ],
  };
}

/** A login without a path of its own finds names in public, as it did before. */
export function pathOf(searchPath: string | null): string {
  return searchPath ?? 'public';
}

function rolesThatUse({ application, logins }: Proposal): Set<string> {
  const objects = [...application.tables, ...application.views];
  return new Set(
    [
      ...application.schemas.map(({ owner }) => owner),
      ...objects.flatMap(({ owner, grants }) => [owner, ...grants.map(({ grantee }) => grantee)]),
      ...logins.map(({ name }) => name),
    ].filter((role) => !role.startsWith('stockade_') && !role.startsWith('pg_')),
  );
}

/** Who writes the tables and is no login of the application asks for the organization too, until the wall is up. */
export function admitWriters(proposal: Proposal): Draft[] {
  const writers = writersOf(proposal);
  if (writers.length === 0) return [];
  return [
    {
      topic: 'writers',
      directives: ['needs tenancy/context'],
      why: 'Who writes the tables now must be able to ask which organization was entered: the default of org_id does.',
      statements: [
        `grant usage on schema tenancy to ${writers.join(', ')}`,
        `grant execute on function tenancy.current_org() to ${writers.join(', ')}`,
      ],
    },
  ];
}

import type { Application, Role } from './application.ts';
import { ChoiceError } from './choices.ts';
import type { Remark } from './remark.ts';

/** The roles that the application logs in as: those that were named, or else those that may use its tables. */
export function findLogins(application: Application, named: readonly string[]): Role[] {
  if (named.length > 0) return named.map((name) => findRole(application, name));
  const used = new Set(
    application.tables.flatMap(({ owner, grants }) => [owner, ...grants.map(({ grantee }) => grantee)]),
  );
  return application.roles.filter(
    ({ name, canLogin, isSuperuser }) =>
      canLogin && !isSuperuser && used.has(name) && !name.startsWith('stockade_'),
  );
}

function findRole({ roles }: Application, named: string): Role {
  const role = roles.find(({ name, sql }) => name === named || sql === named);
  if (role) return role;
  throw new ChoiceError(
    `there is no role ${named}`,
    `The roles that log in are ${
      roles
        .filter(({ canLogin }) => canLogin)
        .map(({ name }) => name)
        .join(', ') || 'none'
    }.`,
  );
}

/** Why a role cannot be kept behind the wall. */
export function whyLoginRefused(application: Application, logins: readonly Role[]): Remark[] {
  if (logins.length === 0) {
    return [
      {
        object: 'the login',
        says: 'no role that logs in may use the tables, other than superusers, who skip every policy',
        remedy:
          'Create a login role for the application, let it log in as that one, and pass it with --login.',
      },
    ];
  }
  return logins.flatMap((login) => reasonsAgainst(application, login));
}

function reasonsAgainst({ database, databaseOwner, reader }: Application, login: Role): Remark[] {
  const reasons: [boolean, string, string][] = [
    [
      login.attributes.length > 0,
      `it has ${login.attributes.join(', ')}, so that policies do not hold for it, or not for long`,
      `Run alter role ${login.sql} ${login.attributes.map((each) => `no${each}`).join(' ')}, or create another login.`,
    ],
    [
      !login.canLogin,
      'it cannot log in',
      'Name the role that the application logs in as, and grant to it directly what this one has.',
    ],
    [
      login.name === databaseOwner,
      `it owns the database ${database}, so that injected SQL could take the wall down`,
      `Give the database to an administrator: alter database "${database}" owner to …, and grant create, temporary on it until the last step.`,
    ],
    [
      login.name === reader,
      'it is the user of --database-url: the migrations would run as the application',
      'Connect as an administrator.',
    ],
  ];
  return reasons
    .filter(([holds]) => holds)
    .map(([, says, remedy]) => ({ object: `role ${login.name}`, says, remedy }));
}

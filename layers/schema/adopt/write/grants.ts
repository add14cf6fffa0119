import type { Grant, Owned, Table } from '../application.ts';
import { quoted } from '../names.ts';
import type { Proposal } from '../proposal.ts';

const reading = ['select'];
const writing = ['select', 'insert', 'update', 'delete'];

/** A table or view as far as privileges on it go. */
type Granted = Owned & { readonly grants: readonly Grant[]; readonly sequences?: Table['sequences'] };

/** What the roles of the application keep on a table or view, as SQL writes them: the privileges that policies govern. */
export function keptPrivileges(
  { logins, application }: Proposal,
  { owner, grants }: Granted,
  { writes }: { readonly writes: boolean },
): { readonly role: string; readonly privileges: readonly string[] }[] {
  const publicly = grants.find(({ grantee }) => grantee === 'public')?.privileges ?? [];
  const used = new Set([
    owner,
    ...grants.map(({ grantee }) => grantee),
    ...logins.map((login) => login.name),
  ]);
  return application.roles
    .filter((role) => used.has(role.name) && !role.isSuperuser && !role.name.startsWith('stockade_'))
    .map((role) => {
      const isLogin = logins.some((login) => login.name === role.name);
      const had = [
        // Who owned it and does not log in as the application was there to own it.
        ...(role.name === owner && isLogin ? writing : []),
        ...(grants.find(({ grantee }) => grantee === role.name)?.privileges ?? []),
        ...(isLogin ? publicly : []),
      ];
      return {
        role: quoted(role.name),
        privileges: (writes ? writing : reading).filter((privilege) => had.includes(privilege)),
      };
    });
}

/** Takes from the roles of the application every privilege on a table or view that they do not keep. */
export function loginGrants(
  proposal: Proposal,
  granted: Granted,
  access: { readonly writes: boolean },
): string[] {
  const { name, grants, sequences = [] } = granted;
  return [
    ...keptPrivileges(proposal, granted, access).flatMap(({ role, privileges }) => [
      `revoke all on ${name} from ${role}`,
      ...(privileges.length > 0 ? [`grant ${privileges.join(', ')} on ${name} to ${role}`] : []),
      ...sequences.flatMap((sequence) => [
        `revoke all on sequence ${sequence} from ${role}`,
        ...(privileges.includes('insert') ? [`grant usage on sequence ${sequence} to ${role}`] : []),
      ]),
    ]),
    ...(grants.some(({ grantee }) => grantee === 'public') ? [`revoke all on ${name} from public`] : []),
  ];
}

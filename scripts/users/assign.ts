import { membersLike } from '#tenancy/look-alikes.ts';
import { maxNameCharacters } from '#tenancy/text-limits.ts';
import { assignUser, roles } from '#tenancy/users.ts';
import { command } from '../cli/command.ts';
import { withRole } from '../cli/database/connect.ts';
import { databaseOptions, findDatabaseUrl } from '../cli/database/database-url.ts';
import * as option from '../cli/option.ts';
import { assignedAnswer } from '../org/answers.ts';

await command({
  name: 'users:assign',
  summary: 'Gives a user a role in an organization. Creates the user if there is none with that address.',
  description:
    'A viewer reads, a clerk also posts, an admin also manages keys and members. Running it again changes nothing.',
  options: {
    org: option.text({ description: 'the slug of the organization', placeholder: 'slug', required: true }),
    email: option.email({ description: 'the address of the user', required: true }),
    role: option.choice(roles, { description: 'the role', required: true }),
    name: option.text({
      description: 'the name of the user, if the user is created',
      placeholder: 'name',
      maxCharacters: maxNameCharacters,
    }),
    ...databaseOptions,
  },
  examples: [{ type: '--org acme --email ada@example.com --role admin', does: 'makes Ada an admin of acme' }],
  run: async ({ options, note }) => {
    const { org: organization, email, role, name } = options;
    const assignment = await withRole(await findDatabaseUrl(options), 'stockade_admin', async (admin) => {
      for (const alike of await membersLike(admin, { organization, email }))
        note(`${email} looks like ${alike}, who is a member as well: make sure that they are two people.`);
      return await assignUser(admin, { organization, email, role, name });
    });
    return assignedAnswer(assignment);
  },
});

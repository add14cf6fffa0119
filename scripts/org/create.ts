import { slugsLike } from '#tenancy/look-alikes.ts';
import { createOrganization, slugPattern } from '#tenancy/organizations.ts';
import { maxNameCharacters } from '#tenancy/text-limits.ts';
import { command } from '../cli/command.ts';
import { withRole } from '../cli/database/connect.ts';
import { databaseOptions, findDatabaseUrl } from '../cli/database/database-url.ts';
import { keyEnvironmentOption } from '../cli/key-environment.ts';
import * as option from '../cli/option.ts';
import { createdAnswer } from './answers.ts';

await command({
  name: 'org:create',
  summary: 'Creates an organization and its first API key.',
  description: 'The key has all scopes and is shown once: only its digest is stored.',
  options: {
    slug: option.text({
      description: 'the short name for URLs: at most 63 lower-case letters, digits and hyphens',
      placeholder: 'slug',
      required: true,
      pattern: slugPattern,
      expected:
        'It must be at most 63 lower-case letters, digits and hyphens, and not a UUID, such as acme or acme-2.',
    }),
    name: option.text({
      description: 'the full name',
      placeholder: 'name',
      required: true,
      maxCharacters: maxNameCharacters,
    }),
    ...keyEnvironmentOption(),
    ...databaseOptions,
  },
  examples: [
    { type: '--slug acme --name "Acme Ltd"', does: 'creates the organization acme' },
    { type: '--slug acme --name "Acme Ltd" --json', does: 'prints {"id","slug","name","apiKey"}' },
  ],
  run: async ({ options, note }) => {
    const { slug, name, keyEnvironment } = options;
    const created = await withRole(await findDatabaseUrl(options), 'stockade_admin', async (admin) => {
      for (const alike of await slugsLike(admin, slug))
        note(`The slug ${slug} looks like ${alike}, which is another organization.`);
      return await createOrganization(admin, { slug, name }, keyEnvironment);
    });
    return createdAnswer(created);
  },
});

import { InvalidArgumentError } from 'commander';
import { type Scope, scopes } from '#tenancy/api-keys.ts';
import { addKey } from '#tenancy/operator-keys.ts';
import { findOrganization } from '#tenancy/organizations.ts';
import { maxNameCharacters } from '#tenancy/text-limits.ts';
import { command } from './cli/command.ts';
import { withRole } from './cli/connect.ts';
import { databaseOptions, findDatabaseUrl } from './cli/database-url.ts';
import { dryRunDescription, inTransaction } from './cli/in-transaction.ts';
import { keyEnvironmentOption } from './cli/key-environment.ts';
import * as option from './cli/option.ts';

/** Scopes as they are typed: `read,write`. */
const scopesOption: option.Option<readonly Scope[]> = {
  description: `what the key may do: ${scopes.join(', ')}, separated by commas`,
  placeholder: '<scopes>',
  required: true,
  parse(typed) {
    const named = typed.split(',').map((each) => scopes.find((scope) => scope === each.trim()));
    const known = named.filter((scope) => scope !== undefined);
    if (known.length !== named.length)
      throw new InvalidArgumentError(`It must be some of ${scopes.join(', ')}, such as read,write.`);
    return [...new Set(known)];
  },
};

await command({
  name: 'keys:create',
  summary: 'Makes an API key for an organization.',
  description: 'The key is shown once: only the digest of its secret is stored.',
  options: {
    org: option.text({ description: 'the slug of the organization', placeholder: 'slug', required: true }),
    name: option.text({
      description: 'what it is for, to tell it from others',
      placeholder: 'name',
      required: true,
      maxCharacters: maxNameCharacters,
    }),
    scopes: scopesOption,
    expires: option.duration({
      description: 'how long it works, such as 90d (for ever unless said)',
      minMs: 1_000,
      maxMs: option.longestLifetimeMs,
    }),
    dryRun: option.flag({ description: dryRunDescription }),
    ...keyEnvironmentOption(),
    ...databaseOptions,
  },
  examples: [
    { type: '--org acme --name "Till, Camden" --scopes read,write', does: 'makes a key for a till' },
    {
      type: '--org acme --name Auditor --scopes read --expires 90d --json',
      does: 'one for 90 days, as JSON',
    },
  ],
  run: async ({ options }) => {
    const { org, name, scopes, expires, dryRun, keyEnvironment } = options;
    const expiresAt = expires === undefined ? undefined : new Date(Date.now() + expires);
    const { key, ...stored } = await withRole(
      await findDatabaseUrl(options),
      'stockade_admin',
      async (admin) => {
        const { id } = await findOrganization(admin, org);
        return await inTransaction(admin, { dryRun }, () =>
          addKey(admin, id, { name, scopes, expiresAt }, keyEnvironment),
        );
      },
    );
    const terms = `${stored.scopes.join(', ')}; ${stored.expiresAt ? `until ${stored.expiresAt}` : 'without end'}`;
    if (dryRun) {
      const { id: _, ...planned } = stored;
      return { json: { ...planned, dryRun }, text: `Would make a key "${name}" for ${org}: ${terms}.` };
    }
    return {
      json: { ...stored, key },
      text: [
        `Made key ${stored.id} "${name}" for ${org}: ${terms}.`,
        `API key, shown once: ${key}`,
        `To end it: npm run keys:revoke -- --org ${org} --id ${stored.id}`,
      ].join('\n'),
    };
  },
});

import { inTransaction } from '#platform/postgres/transaction.ts';
import { addKey } from '#tenancy/credentials/operator-keys.ts';
import { findOrganization } from '#tenancy/organizations.ts';
import { maxNameCharacters } from '#tenancy/text-limits.ts';
import { command } from '../cli/command.ts';
import { withRole } from '../cli/database/connect.ts';
import { databaseOptions, findDatabaseUrl } from '../cli/database/database-url.ts';
import { dryRunDescription, endedBy } from '../cli/dry-run.ts';
import { keyEnvironmentOption } from '../cli/key-environment.ts';
import * as option from '../cli/option.ts';
import { createdKeyAnswer } from './answers.ts';
import { scopesOption } from './scopes-option.ts';

await command({
  name: 'keys:create',
  summary: 'Creates an API key for an organization.',
  description: 'The key is shown once: only the digest of its secret is stored.',
  options: {
    org: option.text({ description: 'the slug of the organization', placeholder: 'slug', required: true }),
    name: option.text({
      description: 'what the key is for, such as the device that uses it',
      placeholder: 'name',
      required: true,
      maxCharacters: maxNameCharacters,
    }),
    scopes: scopesOption,
    expires: option.duration({
      description: 'how long the key works, such as 90d (default: it never expires)',
      minMs: 1_000,
      maxMs: option.longestLifetimeMs,
    }),
    dryRun: option.flag({ description: dryRunDescription }),
    ...keyEnvironmentOption(),
    ...databaseOptions,
  },
  examples: [
    { type: '--org acme --name "Till, Camden" --scopes read,write', does: 'creates a key for a till' },
    {
      type: '--org acme --name Auditor --scopes read --expires 90d --json',
      does: 'creates a key that expires after 90 days, and prints JSON',
    },
  ],
  run: async ({ options }) => {
    const { org, name, scopes, expires, dryRun, keyEnvironment } = options;
    const expiresAt = expires === undefined ? undefined : new Date(Date.now() + expires);
    const created = await withRole(await findDatabaseUrl(options), 'stockade_admin', async (admin) => {
      const { id } = await findOrganization(admin, org);
      return await inTransaction(
        admin,
        () => addKey(admin, id, { name, scopes, expiresAt }, keyEnvironment),
        endedBy(dryRun),
      );
    });
    return createdKeyAnswer(org, created, dryRun);
  },
});

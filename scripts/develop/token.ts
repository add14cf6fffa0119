import { command } from '../cli/command.ts';
import { databaseOptions, readPlatformFile } from '../cli/database/database-url.ts';
import { CommandError } from '../cli/failure.ts';
import * as option from '../cli/option.ts';
import { readSigningKey } from '../local/identity.ts';
import { signToken } from '../local/issuer/signing-key.ts';

await command({
  name: 'token',
  summary: 'Prints a token of a user for the running local platform ("Authorization: Bearer …").',
  description: [
    'The local issuer signs the token with a key in the data folder. The token names the user. The roles of the user decide',
    'what the user may do: npm run users:assign.',
  ].join('\n'),
  options: {
    email: option.email({ description: "the user's address", required: true }),
    lifetime: option.duration({
      description: 'how long the token is valid',
      default: 8 * 3_600_000,
      minMs: 1_000,
      maxMs: option.longestLifetimeMs,
    }),
    data: databaseOptions.data,
  },
  examples: [
    { type: '--email ada@example.com', does: 'prints a token that is valid for eight hours' },
    { type: '--email ada@example.com --lifetime 1m --json', does: 'prints {"token","email","expiresAt"}' },
  ],
  run: async ({ options, note }) => {
    const { url } = await readPlatformFile(options.data);
    const key = await readSigningKey(options.data);
    if (!key) {
      throw new CommandError(
        `the platform of ${options.data} has no issuer: the folder contains no signing key`,
        'Stop the platform and run `npm start` again.',
      );
    }
    const { email } = options;
    const lifetimeSeconds = Math.ceil(options.lifetime / 1000);
    const expiresAt = new Date((Math.floor(Date.now() / 1000) + lifetimeSeconds) * 1000).toISOString();
    const token = await signToken(key, { email, lifetimeSeconds });
    note(
      `Try it:  curl -H "Authorization: Bearer $(npm run -s token -- --email ${email})" ${url}/v1/organization`,
    );
    return { text: token, json: { token, email, expiresAt } };
  },
});

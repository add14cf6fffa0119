import { GetSecretValueCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import * as z from 'zod';
import { MissingSetting } from '../errors.ts';
import { callAws, clientOf, clientSettings } from './call.ts';

/** What RDS keeps of a user in Secrets Manager. */
const DatabaseSecret = z.object({ username: z.string().min(1), password: z.string().min(1) });

const secrets = clientOf(() => new SecretsManagerClient(clientSettings));

/**
 * Reads a user and password from a secret, as they are now: RDS changes the password of its master every week.
 * @throws AwsRefused when this function may not read it
 * @throws MissingSetting when it has another form
 */
export async function readDatabaseSecret(arn: string): Promise<z.infer<typeof DatabaseSecret>> {
  const answer = await callAws(`Secrets Manager GetSecretValue of ${arn}`, () =>
    secrets().send(new GetSecretValueCommand({ SecretId: arn })),
  );
  const secret = DatabaseSecret.safeParse(parsed(answer.SecretString));
  if (secret.success) return secret.data;
  // Without the value, which is secret.
  throw new MissingSetting(`the secret ${arn} is not {"username": …, "password": …}, as RDS creates it`);
}

function parsed(text: string | undefined): unknown {
  try {
    return JSON.parse(text ?? '');
  } catch {
    return undefined;
  }
}

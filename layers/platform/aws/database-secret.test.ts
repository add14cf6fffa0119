import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, expect, test } from 'vitest';
import { closeAwsClients } from './call.ts';
import { readDatabaseSecret } from './database-secret.ts';

const arn = 'arn:aws:secretsmanager:eu-central-1:123456789012:secret:rds!db-1-a1B2c3';
const closing: (() => void)[] = [];
afterEach(() => {
  closeAwsClients();
  for (const close of closing.splice(0)) close();
});

/** Answers every call to Secrets Manager like this, and keeps the calls. */
async function secretsManager(status: number, answer: object): Promise<string[]> {
  const calls: string[] = [];
  const server = createServer((request, response) => {
    let body = '';
    request.on('data', (chunk) => {
      body += chunk;
    });
    request.on('end', () => {
      calls.push(`${request.headers['x-amz-target']} ${body}`);
      response
        .writeHead(status, { 'content-type': 'application/x-amz-json-1.1' })
        .end(JSON.stringify(answer));
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  closing.push(() => server.close());
  process.env.AWS_ENDPOINT_URL_SECRETS_MANAGER = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  process.env.AWS_REGION = 'eu-central-1';
  process.env.AWS_ACCESS_KEY_ID = 'test';
  process.env.AWS_SECRET_ACCESS_KEY = 'test';
  return calls;
}

test('a secret is read as it is now, every time', async () => {
  const SecretString = JSON.stringify({ username: 'master', password: 'p%/:1' });
  const calls = await secretsManager(200, { ARN: arn, SecretString });
  expect(await readDatabaseSecret(arn)).toEqual({ username: 'master', password: 'p%/:1' });
  await readDatabaseSecret(arn);
  const call = `secretsmanager.GetSecretValue ${JSON.stringify({ SecretId: arn })}`;
  expect(calls).toEqual([call, call]);
});

test.each([{ SecretString: 'hunter2' }, { SecretString: '{"user":"x"}' }, {}])(
  'a secret of another form is refused without its value: %o',
  async (answer) => {
    await secretsManager(200, { ARN: arn, ...answer });
    await expect(readDatabaseSecret(arn)).rejects.toThrow(
      `the secret ${arn} is not {"username": …, "password": …}, as RDS creates it`,
    );
  },
);

test('a secret that may not be read is named', async () => {
  await secretsManager(400, { __type: 'AccessDeniedException', Message: 'no' });
  await expect(readDatabaseSecret(arn)).rejects.toThrow(`GetSecretValue of ${arn} was refused: AccessDenied`);
});

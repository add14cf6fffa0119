import middy from '@middy/core';
import { expect, test } from 'vitest';
import { Problem } from '#platform/errors.ts';
import { createApiKey } from '#tenancy/credentials/api-keys.ts';
import { httpEvent, type SampleRequest } from '#tests/http-event.ts';
import { type Caller, callers } from '../caller.ts';
import { type HttpEvent, type HttpResult, json } from '../event.ts';
import { operatorResolution } from './operator-resolution.ts';

const apiKey = { 'x-api-key': createApiKey('test').key };

async function callerOf(request: SampleRequest, key: string | undefined = 'op_1'): Promise<Caller | string> {
  const handler = middy<HttpEvent, HttpResult>()
    .use(operatorResolution({ operatorKey: () => key }))
    .handler(async () => json(200, {}));
  const event = httpEvent(request);
  try {
    await handler(event, {} as never);
    return callers.of(event);
  } catch (error) {
    return error instanceof Problem ? `${error.status} ${error.code}` : String(error);
  }
}

test('has the operator that IAM or the operator key proves, and no tenant', async () => {
  const arn = 'arn:aws:iam::000000000000:role/operators';
  expect(await callerOf({ authorizer: { iam: { userArn: arn } } })).toEqual({
    kind: 'operator',
    operator: { name: arn },
  });
  expect(await callerOf({ headers: { 'x-operator-key': 'op_1' } })).toEqual({
    kind: 'operator',
    operator: { name: 'operator key' },
  });
});

test('refuses the credential of a tenant with 403, and nothing with 401', async () => {
  expect(await callerOf({ headers: apiKey })).toBe('403 operator_required');
  expect(await callerOf({})).toBe('401 unauthenticated');
  expect(await callerOf({ headers: { 'x-operator-key': 'op_2' } })).toBe('401 invalid_credentials');
});

import { expect, test } from 'vitest';
import { httpEvent } from '#tests/http-event.ts';
import { type HttpEvent, json, noContent, principalArnOf, requestKeys } from './event.ts';

test('the principal is the one that IAM let through, and nobody else', () => {
  const from = (authorizer?: object) => principalArnOf(httpEvent({ authorizer }));
  expect(from({ iam: { userArn: 'arn:x' } })).toBe('arn:x');
  expect([from(), from({}), from({ iam: {} }), from({ jwt: { userArn: 'x' } })]).toEqual(
    Array(4).fill(undefined),
  );
  const { authorizer: _, ...requestContext } = httpEvent().requestContext;
  const event: HttpEvent = { ...httpEvent(), requestContext };
  expect(principalArnOf(event)).toBeUndefined();
});

test('a log line is tied to its request by id and route', () => {
  expect(requestKeys(httpEvent({ requestId: 'r-1', method: 'POST', path: '/v1/items' }))).toEqual({
    requestId: 'r-1',
    route: 'POST /v1/items',
  });
});

test('an answer is JSON', () => {
  expect(json(201, { a: 'é' })).toEqual({
    statusCode: 201,
    headers: { 'content-type': 'application/json; charset=utf-8' },
    body: '{"a":"é"}',
  });
  expect(noContent()).toEqual({ statusCode: 204, headers: {}, body: '' });
});

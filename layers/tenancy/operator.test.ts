import { expect, test } from 'vitest';
import { resolveOperator } from './operator.ts';

const key = 'op_0123456789abcdef0123456789abcdef';
const ask = (
  headers: Record<string, string>,
  operatorKey: string | undefined = key,
  principalArn?: string,
) => {
  try {
    return resolveOperator({ headers, principalArn }, operatorKey).name;
  } catch (error) {
    return (error as { code: string }).code;
  }
};

test.each<[what: string, headers: Record<string, string>, answer: string]>([
  ['nothing', {}, 'unauthenticated'],
  ['an empty key', { 'x-operator-key': ' ' }, 'unauthenticated'],
  ['the key', { 'x-operator-key': key }, 'operator key'],
  ['the key with spaces around it', { 'x-operator-key': ` ${key} ` }, 'operator key'],
  ['the key as a bearer', { authorization: `Bearer ${key}` }, 'operator key'],
  ['another key', { 'x-operator-key': `${key}0` }, 'invalid_credentials'],
  ['a part of the key', { 'x-operator-key': key.slice(0, -1) }, 'invalid_credentials'],
  ['another key as a bearer', { authorization: 'Bearer op_another' }, 'invalid_credentials'],
  [
    'another key, and the right one as a bearer',
    { 'x-operator-key': 'op_another', authorization: `Bearer ${key}` },
    'invalid_credentials',
  ],
  ["a tenant's bearer", { authorization: 'Bearer sk_test_1' }, 'operator_required'],
  ["a tenant's key", { 'x-api-key': 'sk_test_1' }, 'operator_required'],
  ["a tenant's empty key", { 'x-api-key': ' ' }, 'unauthenticated'],
  [
    "a tenant's bearer, and the key",
    { authorization: 'Bearer sk_test_1', 'x-operator-key': key },
    'operator key',
  ],
])('%s', (_, headers, answer) => {
  expect(ask(headers)).toBe(answer);
});

test('where there is no key, none is right', () => {
  expect(resolveAs(undefined)).toBe('invalid_credentials');
  expect(resolveAs('')).toBe('invalid_credentials');
  function resolveAs(operatorKey: string | undefined) {
    try {
      return resolveOperator({ headers: { 'x-operator-key': key }, principalArn: undefined }, operatorKey)
        .name;
    } catch (error) {
      return (error as { code: string }).code;
    }
  }
});

test('whom IAM has let through is an operator, whatever else is sent', () => {
  const arn = 'arn:aws:iam::000000000000:user/ops';
  expect(ask({ authorization: 'Bearer sk_test_1', 'x-operator-key': 'wrong' }, undefined, arn)).toBe(arn);
});

test('a tenant is told 403, everybody else 401', () => {
  const status = (headers: Record<string, string>) => {
    try {
      resolveOperator({ headers, principalArn: undefined }, key);
    } catch (error) {
      return (error as { status: number }).status;
    }
    return undefined;
  };
  expect([status({}), status({ 'x-operator-key': 'x' }), status({ 'x-api-key': 'x' })]).toEqual([
    401, 401, 403,
  ]);
});

import { describe, expect, test } from 'vitest';
import { Problem } from '#platform/errors.ts';
import { resolveOperator } from './operator.ts';

const key = `op_${'1'.repeat(48)}`;
const wrong = `op_${'2'.repeat(48)}`;
const arn = 'arn:aws:iam::000000000000:role/operators';
const bearer = (text: string) => ({ authorization: `Bearer ${text}` });

const of = (
  headers: Record<string, string>,
  operatorKey: string | undefined = key,
  principalArn?: string,
) => {
  try {
    return resolveOperator({ headers, principalArn }, operatorKey).name;
  } catch (error) {
    if (error instanceof Problem) return [error.status, error.code, error.message];
    throw error;
  }
};

const notValid = [401, 'invalid_credentials', 'The credential is not valid.'];
const notOperator = [
  403,
  'operator_required',
  'Only operators of the platform may call this route: a credential of an organization does not open it.',
];
const nothing = [
  401,
  'unauthenticated',
  'Sign the request with AWS credentials; on a local platform, send "x-operator-key".',
];

describe('an operator', () => {
  test('is the principal that IAM let through, also when another key is sent', () => {
    expect(of({}, key, arn)).toBe(arn);
    expect(of({ 'x-operator-key': wrong, 'x-api-key': 'x' }, undefined, arn)).toBe(arn);
  });

  test.each([
    ['the key in its own header', { 'x-operator-key': ` ${key} ` }],
    ['the key as a bearer', bearer(key)],
    [
      'the key beside the credential of a tenant',
      { 'x-operator-key': key, ...bearer('sk_a'), 'x-api-key': 'x' },
    ],
    ['the key before another one as a bearer', { 'x-operator-key': key, ...bearer(wrong) }],
    ['an empty header and the key as a bearer', { 'x-operator-key': ' ', ...bearer(key) }],
  ])('is who sends %s', (_, headers) => {
    expect(of(headers)).toBe('operator key');
  });
});

describe('a caller is refused', () => {
  test.each<[string, Record<string, string>, unknown[]]>([
    ['another key', { 'x-operator-key': wrong }, notValid],
    ['a part of the key', { 'x-operator-key': key.slice(0, -1) }, notValid],
    ['more than the key', { 'x-operator-key': `${key}1` }, notValid],
    ['another key as a bearer', bearer(wrong), notValid],
    ['another key, and the right one as a bearer', { 'x-operator-key': wrong, ...bearer(key) }, notValid],
    ['the key in a header of tenants', { 'x-api-key': key }, notOperator],
    ['a key of a tenant', { 'x-api-key': 'sk_a' }, notOperator],
    ['a bearer of a tenant', bearer('sk_a'), notOperator],
    ['another scheme', { authorization: 'Basic a' }, notOperator],
    ['nothing', {}, nothing],
    ['blanks', { authorization: ' ', 'x-api-key': ' ', 'x-operator-key': ' ' }, nothing],
    ['a selector', { 'x-organization': 'acme' }, nothing],
  ])('who sends %s', (_, headers, refusal) => {
    expect(of(headers)).toEqual(refusal);
  });

  test('where no key is configured', () => {
    for (const sent of [key, 'undefined', '']) {
      const refusal = sent === '' ? nothing : notValid;
      expect([sent, resolveWithout(sent)]).toEqual([sent, refusal]);
    }
  });

  function resolveWithout(sent: string): unknown {
    try {
      return resolveOperator({ headers: { 'x-operator-key': sent }, principalArn: undefined }, undefined);
    } catch (error) {
      return error instanceof Problem ? [error.status, error.code, error.message] : error;
    }
  }
});

import { expect, test } from 'vitest';
import { createApiKey, parseApiKey } from './credentials/api-keys.ts';
import { decide } from './resolution.ts';

const { key: good } = createApiKey('test');
const { key: other } = createApiKey('test');
const { key: live } = createApiKey('live');
const bad = `${good.slice(0, -1)}${good.endsWith('0') ? '1' : '0'}`;
const parsed = parseApiKey(good, 'test');
const user = { pass: 'a pass', subject: 'a user' };
const selectors = ['acme'];
const refused = { refuse: 'invalid_credentials' };

test.each([
  ['nothing', [], undefined, undefined, { refuse: 'unauthenticated' }],
  ['a good key', [good], undefined, undefined, { ask: { key: parsed, user: undefined, selectors } }],
  [
    'a good key twice',
    [good, good],
    undefined,
    undefined,
    { ask: { key: parsed, user: undefined, selectors } },
  ],
  ['a good token', [], 't', user, { ask: { key: undefined, user, selectors } }],
  ['a good key and a good token', [good], 't', user, { ask: { key: parsed, user, selectors } }],
  ['a bad key', [bad], undefined, undefined, refused],
  ['an empty key', [''], undefined, undefined, refused],
  ['a key of another environment', [live], undefined, undefined, refused],
  ['two good keys', [good, other], undefined, undefined, refused],
  ['a good key and a bad one', [good, bad], undefined, undefined, refused],
  ['a bad key and a good one', [bad, good], undefined, undefined, refused],
  ['a bad key twice', [bad, bad], undefined, undefined, refused],
  ['a bad token', [], 't', undefined, refused],
  ['a good key and a bad token', [good], 't', undefined, refused],
  ['a bad key and a good token', [bad], 't', user, refused],
  ['an empty token', [], '', undefined, refused],
])('%s', (_, keys, token, verified, decision) => {
  expect(decide({ keys, token, selectors }, verified, 'test')).toEqual(decision);
});

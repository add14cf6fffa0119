import fc from 'fast-check';
import { expect, test } from 'vitest';
import { parseQuery, parseTarget } from './request-target.ts';

test.each([
  ['/capture/plain', '/capture/plain'],
  ['/capture/space%20value', '/capture/space value'],
  ['/capture/plus+value', '/capture/plus+value'],
  ['/capture/question%3Fvalue', '/capture/question'],
  ['/capture/hash%23value', '/capture/hash#value'],
  ['/capture/slash%2Fvalue', '/capture/slash/value'],
  ['/capture/unicode-%CE%BB-%E4%B8%96%E7%95%8C', '/capture/unicode-λ-世界'],
  ['/capture/literal%252Fvalue', '/capture/literal/value'],
  ['/capture/literal%253Fvalue', '/capture/literal?value'],
  ['/capture/literal%2525value', '/capture/literal%value'],
])('%s is delivered as %s, as on the live service', (sent, rawPath) => {
  expect(parseTarget(`${sent}?marker=a%3Fb`)).toMatchObject({ rawPath, rawQueryString: 'marker=a%3Fb' });
});

test.each(['/capture/percent%25done', '/capture/%zz', '/capture/%FF', 'capture', '*'])(
  '%s is refused',
  (sent) => {
    expect(parseTarget(sent)).toBeUndefined();
  },
);

test('a target in absolute form is taken for its path', () => {
  expect(parseTarget('http://acme.localhost:3000/a?b=c')).toMatchObject({
    rawPath: '/a',
    rawQueryString: 'b=c',
  });
  expect(parseTarget('http://acme.localhost:3000')).toMatchObject({ rawPath: '/', rawQueryString: '' });
});

test('whatever a path parameter is, encoding it twice brings it through', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme' }), (value) => {
      const sent = encodeURIComponent(encodeURIComponent(value));
      expect(parseTarget(`/v1/items/${sent}`)?.rawPath).toBe(`/v1/items/${value}`);
    }),
  );
});

test('query parameters are decoded, the query string is not', () => {
  const rawQueryString =
    'repeat=one&repeat=two&redirect=https%3A%2F%2Fa%2Fb&plus=a+b&encoded=a%2Bb&empty=&bare&&bad=%zz&e=a=b';
  expect(parseQuery(rawQueryString)).toEqual([
    ['repeat', 'one'],
    ['repeat', 'two'],
    ['redirect', 'https://a/b'],
    ['plus', 'a b'],
    ['encoded', 'a+b'],
    ['empty', ''],
    ['bare', ''],
    ['bad', '%zz'],
    ['e', 'a=b'],
  ]);
});

test('what URLSearchParams writes is read back', () => {
  const name = fc.string({ unit: 'grapheme' });
  fc.assert(
    fc.property(fc.array(fc.tuple(name, name)), (pairs) => {
      expect(parseQuery(new URLSearchParams(pairs).toString())).toEqual(pairs);
    }),
  );
});

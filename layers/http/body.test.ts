import { describe, expect, test } from 'vitest';
import { InvalidInput } from '#platform/errors.ts';
import { bodyBytes, parseJsonBody } from './body.ts';
import type { HttpEvent } from './event.ts';
import { isStorable } from './storable.ts';

const sent = (body: string | undefined, more: Partial<HttpEvent> = {}) =>
  ({ headers: {}, isBase64Encoded: false, body, ...more }) as HttpEvent;
const sentBytes = (bytes: Uint8Array | string) =>
  sent(Buffer.from(bytes as string).toString('base64'), { isBase64Encoded: true });
const typed = (contentType: string) => sent('{}', { headers: { 'content-type': contentType } });

/** The refusal of a body, as a caller sees it. */
function refusal(event: HttpEvent) {
  try {
    return { accepted: parseJsonBody(event) };
  } catch (error) {
    if (!(error instanceof InvalidInput)) throw error;
    const { status, message, options } = error;
    return { status, detail: message, errors: options.errors };
  }
}

const wrongBody = (detail: string, message: string) => ({
  status: 400,
  detail,
  errors: [{ field: 'body', message }],
});

describe('the bytes of a body', () => {
  test('are those of the text, or those in base64', () => {
    expect(bodyBytes(sent('é'))).toEqual(Buffer.from([0xc3, 0xa9]));
    expect(bodyBytes(sent('w6k=', { isBase64Encoded: true }))).toEqual(Buffer.from([0xc3, 0xa9]));
    expect(bodyBytes(sent('w6k='))).toEqual(Buffer.from('w6k='));
    expect(bodyBytes(sent(undefined))).toEqual(Buffer.alloc(0));
  });
});

describe('the content type', () => {
  test.each([
    'application/json',
    'APPLICATION/JSON; charset=UTF-8',
    'application/json;charset=utf-8',
    'application/json ; charset=utf-8',
    'application/vnd.api+json',
    'application/problem+json',
    'application/x.y-z_1+json',
  ])('%s is JSON', (contentType) => {
    expect(parseJsonBody(typed(contentType))).toEqual({});
  });

  test('may be left out', () => {
    expect(parseJsonBody(sent('{"a":1}'))).toEqual({ a: 1 });
  });

  test.each([
    '',
    'text/plain',
    'text/json',
    'application/jsonp',
    'application/json-patch',
    'application/+json',
    'xapplication/json',
    'application/json,application/json',
    'application/x-www-form-urlencoded',
    'text/plain; was=application/json',
  ])('"%s" is not, and refused with 415', (contentType) => {
    expect(refusal(typed(contentType))).toEqual({
      status: 415,
      detail: `The content type is "${contentType}": send application/json.`,
      errors: [{ field: 'content-type', message: 'must be application/json' }],
    });
  });
});

describe('a body that is not JSON in UTF-8 is refused', () => {
  const empty = wrongBody('The body is empty: send a JSON object.', 'must not be empty');
  test.each([[undefined], [''], [' \n\t ']])('nothing: %j', (body) => {
    expect(refusal(sent(body))).toEqual(empty);
  });

  test('broken text, with the place where it breaks', () => {
    expect(refusal(sent('{"a":1}x'))).toEqual({
      status: 400,
      detail: 'The body is not JSON.',
      errors: [{ field: 'body', message: expect.stringMatching(/^Unexpected .*position 7/) }],
    });
  });

  test.each([
    ['half a character', [0x22, 0xc3, 0x22]],
    ['an overlong one', [0x22, 0xc0, 0xaf, 0x22]],
    ['a surrogate', [0x22, 0xed, 0xa0, 0x80, 0x22]],
    ['latin-1', [0x22, 0xe9, 0x22]],
  ])('bytes that are no UTF-8: %s', (_, bytes) => {
    expect(refusal(sentBytes(Uint8Array.from(bytes)))).toEqual(
      wrongBody('The body is not UTF-8.', 'must be UTF-8'),
    );
  });

  test('a byte order mark is not part of it', () => {
    expect(parseJsonBody(sentBytes('\ufeff{"a":"é"}'))).toEqual({ a: 'é' });
  });
});

describe('nesting', () => {
  const nested = (depth: number) => '['.repeat(depth) + ']'.repeat(depth);
  const tooDeep = wrongBody('The body is nested too deep.', 'must be nested at most 100 deep');

  test('may be a hundred deep, of lists and objects, however many of them there are', () => {
    expect(refusal(sent(nested(100)))).toHaveProperty('accepted');
    expect(refusal(sent(`${'{"a":['.repeat(50)}${']}'.repeat(50)}`))).toHaveProperty('accepted');
    expect(refusal(sent(`[${Array(1_000).fill('[{}]').join()}]`))).toHaveProperty('accepted');
  });

  test.each([
    nested(101),
    `${'{"a":'.repeat(101)}1${'}'.repeat(101)}`,
    `[[],${nested(100)}]`,
    '['.repeat(1_000_000),
  ])('may not be deeper', (body) => {
    expect(refusal(sent(body))).toEqual(tooDeep);
  });

  test('does not count brackets in a string', () => {
    const brackets = '['.repeat(200);
    for (const text of [brackets, `"${brackets}`, `\\"${brackets}`, `\\${brackets}`])
      expect(parseJsonBody(sent(JSON.stringify({ text })))).toEqual({ text });
    expect(refusal(sent(`{"a":"\\\\","b":${nested(100)}}`))).toEqual(tooDeep);
  });
});

describe('numbers', () => {
  const digits = (source: string) => refusal(sent(`{"a":[{"quantity":${source}}]}`));

  test.each([
    '123456789012345',
    '-123456789012345',
    '0.123456789012345',
    '12345678901.2345',
    '1234567890123450000000',
    '1.2345678901234500000',
    '0.000000000000000000123',
    '100000000000000000000',
    '0',
    '-0.0',
    '1e300',
    '1.23456789012345E-7',
  ])('%s of at most fifteen significant digits are kept', (source) => {
    expect(digits(source)).toEqual({ accepted: { a: [{ quantity: Number(source) }] } });
  });

  test.each([
    '1234567890123456',
    '-1234567890123456',
    '0.1234567890123456',
    '123456789012.3456',
    '1000000000000001',
    '1.000000000000001',
    '1.0000000000000001',
    '1234567890123456e-3',
    '0.00012345678901234560001',
  ])('%s of more are refused, the field named', (source) => {
    expect(digits(source)).toEqual({
      status: 400,
      detail: 'A number has more digits than JSON numbers keep.',
      errors: [{ field: 'a[0].quantity', message: `must have at most 15 digits, but is ${source}` }],
    });
  });

  test('the number is shown, but no more than forty characters of it', () => {
    expect(digits('1'.repeat(100))).toMatchObject({
      errors: [{ field: 'a[0].quantity', message: `must have at most 15 digits, but is ${'1'.repeat(40)}` }],
    });
  });
});

describe('strings', () => {
  const refused = (field: string) => ({
    status: 400,
    detail: 'A string has a character that cannot be stored.',
    errors: [{ field, message: 'must not contain NUL or half a surrogate pair' }],
  });

  test.each([
    ['{"a":"\\u0000"}', 'a'],
    ['{"a":"x\\ud800"}', 'a'],
    ['{"a":"\\udc00x"}', 'a'],
    ['{"a":"\\ude00\\ud83d"}', 'a'],
    ['{"a":["x","\\u0000"]}', 'a[1]'],
    ['{"a\\u0000b":1}', 'a\u{fffd}b'],
    ['{"a":{"x\\ud800":true}}', 'a.x\u{fffd}'],
    ['[{"a":[["\\u0000"]]}]', '[0].a[0][0]'],
    ['"\\u0000"', 'body'],
  ])('%s cannot be stored', (body, field) => {
    expect(refusal(sent(body))).toEqual(refused(field));
  });

  test('every one is named, a hundred at most', () => {
    expect(refusal(sent('{"a":"\\u0000","b":{"__proto__":1,"c":["\\ud800"]}}'))).toMatchObject({
      errors: [{ field: 'a' }, { field: 'b.__proto__' }, { field: 'b.c[0]' }],
    });
    expect(refusal(sent(JSON.stringify(Array(1_000).fill('\0')))).errors).toHaveLength(100);
  });

  test('in pairs, surrogates can', () => {
    expect(parseJsonBody(sent('{"😀":"\\ud83d\\ude00"}'))).toEqual({ '😀': '😀' });
    expect([isStorable('😀'), isStorable(''), isStorable('\u{fffd}')]).toEqual([true, true, true]);
  });

  test('a name that an object does not keep is refused, not dropped', () => {
    expect(refusal(sent('{"metadata":{"__proto__":{"a":1}}}'))).toEqual({
      status: 400,
      detail: 'A field has a name that cannot be kept.',
      errors: [{ field: 'metadata.__proto__', message: 'is a name that cannot be kept: choose another' }],
    });
    expect(parseJsonBody(sent('{"constructor":1,"a":"__proto__"}'))).toEqual({
      constructor: 1,
      a: '__proto__',
    });
  });
});

import { describe, expect, test } from 'vitest';
import { Metadata } from './metadata.ts';

describe('metadata', () => {
  const bytes = 'must have at most 8192 bytes as JSON';
  /** An object with this many bytes as JSON. */
  const sized = (length: number, letter: string) => ({
    k: letter.repeat((length - 8) / Buffer.byteLength(letter)),
  });

  const nested = (levels: number): unknown => (levels === 1 ? {} : { a: nested(levels - 1) });

  test.each<[string, unknown, string[]]>([
    ['nothing', {}, []],
    ['every kind of JSON value', { a: [1, null, true, { b: 'c' }], d: -0.5 }, []],
    ['8,192 bytes', sized(8_192, 'x'), []],
    ['8,193 bytes', sized(8_193, 'x'), [bytes]],
    ['8,192 bytes of umlauts', sized(8_192, 'ä'), []],
    ['8,194 bytes of umlauts', sized(8_194, 'ä'), [bytes]],
    ['8,191 bytes, numbers in full', { k: [1e300, -1e-300, 5e-7, ...Array(3_784).fill(1)] }, []],
    ['8,193 bytes, numbers in full', { k: [1e300, -1e-300, 5e-7, ...Array(3_785).fill(1)] }, [bytes]],
    ['32 levels', nested(32), []],
    ['33 levels', nested(33), ['must be nested at most 32 deep']],
    ['a list, 33 levels', { a: [nested(31)] }, ['must be nested at most 32 deep']],
    ['names of Object', { constructor: 1, toString: { valueOf: [] } }, []],
    ['a list', [], ['must be an object']],
    ['a text', 'x', ['must be an object']],
    ['null', null, ['must be an object']],
  ])('%s', (_, value, messages) => {
    const { data, error } = Metadata.safeParse(value);
    expect(error?.issues.map(({ message }) => message) ?? []).toEqual(messages);
    if (messages.length === 0) expect(data).toEqual(value);
  });
});

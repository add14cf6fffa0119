import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { childText, parseXml, writeXml } from './xml.ts';

test('what is written is read back, whatever the text', () => {
  const text = fc.string({ unit: 'binary' }).filter((each) => !each.includes('\0'));
  fc.assert(
    fc.property(text, (value) => {
      const document = parseXml(writeXml('Root', { Key: value, Other: [1, true] }, 'http://example.com/'));
      expect(childText(document, 'Key')).toBe(value);
      expect(document.children.map((each) => each.name)).toEqual(['Key', 'Other', 'Other']);
    }),
  );
});

test('names are read without their namespace, attributes and comments are passed over', () => {
  const document = parseXml(
    '<?xml version="1.0"?><!-- x --><s:A xmlns:s="y"><s:B/><C d="e">&#x41;&amp;</C></s:A>',
  );
  expect([document.name, document.children.map(({ name }) => name)]).toEqual(['A', ['B', 'C']]);
  expect(childText(document, 'C')).toBe('A&');
});

test.each(['', 'text', '<a>', '<a></b>', '<a/><b/>', '</a>', '<a', '<!DOCTYPE a><a/>'])(
  'it refuses %s',
  (broken) => {
    expect(() => parseXml(broken)).toThrow(SyntaxError);
  },
);

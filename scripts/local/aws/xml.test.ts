import { parseXML } from '@aws-sdk/xml-builder';
import { expect, test } from 'vitest';
import { writeXml } from './xml.ts';

test('the SDK reads back what is written: texts with any character, lists, times, and nothing for what is not there', () => {
  const texts = ['a < b && "c" > \'d\'', ' ends in a line feed\n', 'carriage\rreturn', 'é 📦 \u2028'];
  const at = new Date('2026-03-01T09:30:00.123Z');
  const content = { Key: texts, Count: 1, Is: false, At: at, Absent: undefined, Inner: { None: [] } };
  expect(parseXML(writeXml('Root', content, 'http://example.com/'))).toEqual({
    Root: {
      xmlns: 'http://example.com/',
      Key: texts,
      Count: '1',
      Is: 'false',
      At: at.toISOString(),
      Inner: '',
    },
  });
});

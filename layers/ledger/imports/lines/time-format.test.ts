import { expect, test } from 'vitest';
import { isTimeFormat, timeReader } from './time-format.ts';

test.each([
  ['yyyy-MM-dd HH:mm:ss', '2010-12-01 08:26:00', '2010-12-01 08:26:00.000'],
  ['yyyy-MM-ddTHH:mm:ss.SSS', '2010-12-01T08:26:00.125', '2010-12-01 08:26:00.125'],
  ['M/d/yyyy H:mm', '12/1/2010 8:26', '2010-12-01 08:26:00.000'],
  ['dd.MM.yyyy', '29.02.2024', '2024-02-29 00:00:00.000'],
  ['d/M/yyyy h:mm a', '1/12/2010 12:05 AM', '2010-12-01 00:05:00.000'],
  ['d/M/yyyy h:mm a', '1/12/2010 12:05 pm', '2010-12-01 12:05:00.000'],
  ['yyyyMMdd', '20101201', '2010-12-01 00:00:00.000'],
  ['iso', '2010-12-01T08:26:00+02:00', '2010-12-01 06:26:00.000'],
])('%s reads %s', (format, text, expected) => {
  expect(format === 'iso' || isTimeFormat(format)).toBe(true);
  expect(timeReader(format)(text)).toBe(expected);
});

test.each([
  ['yyyy-MM-dd HH:mm:ss', '2010-12-01'],
  ['yyyy-MM-dd', '2023-02-29'],
  ['yyyy-MM-dd', '2010-13-01'],
  ['yyyy-MM-dd', '0010-12-01'],
  ['yyyy-MM-dd HH:mm', '2010-12-01 24:00'],
  ['yyyy-MM-dd HH:mm', '2010-12-01 23:60'],
  ['yyyy-MM-dd h:mm a', '2010-12-01 13:00 AM'],
  ['yyyy-MM-dd', 'x2010-12-01'],
  ['yyyy.MM.dd', '2010-12-01'],
  ['iso', '2010-12-01T08:26:00'],
  ['iso', '2010-02-30T08:26:00Z'],
])('%s refuses %s', (format, text) => {
  const read = timeReader(format);
  expect(read(text)).toBeUndefined();
  expect(read(text)).toBeUndefined();
});

test.each([
  '',
  'yyyy-MM',
  'yyyy-MM-dd HH:mm:sss',
  'yy-MM-dd',
  'yyyy-MM-dd dd',
  'yyyy-MM-dd h:mm',
  'yyyy-MM-dd HH:mm a',
])('the pattern %j is invalid', (format) => {
  expect(isTimeFormat(format)).toBe(false);
});

import { expect, test } from 'vitest';
import { readCommandLine } from './command-line.ts';
import { ConfigurationError } from './configuration-error.ts';

test.each([
  [[], { context: {}, output: undefined }],
  [['-o', 'there'], { context: {}, output: 'there' }],
  [['--output=there', '--context', 'a=b'], { context: { a: 'b' }, output: 'there' }],
  [
    ['-c', 'stage=prod', '-c', 'jwtIssuer=https://x/?a=b', '-c', 'empty='],
    { context: { stage: 'prod', jwtIssuer: 'https://x/?a=b', empty: '' }, output: undefined },
  ],
  [['-c', 'stage=dev', '-c', 'stage=prod'], { context: { stage: 'prod' }, output: undefined }],
])('%j is read as %j', (args, expected) => {
  expect(readCommandLine(args)).toEqual(expected);
});

test.each(['stage', '=prod', ''])('context without a key and a value, as %j, is refused', (argument) => {
  expect(() => readCommandLine(['-c', argument])).toThrow(
    new ConfigurationError(`-c ${argument} is not of the form -c key=value`),
  );
});

test.each([['--stage', 'prod'], ['prod'], ['-o'], ['-c']])(
  '%j is refused, and the error shows the usage',
  (...args) => {
    expect(() => readCommandLine(args)).toThrow(ConfigurationError);
    expect(() => readCommandLine(args)).toThrow(/\nUsage: npm run synth -- \[-c key=value\]… \[-o folder\]$/);
  },
);

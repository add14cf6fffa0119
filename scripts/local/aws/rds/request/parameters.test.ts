import { describe, expect, test } from 'vitest';
import { AwsError } from '../../aws-error.ts';
import { QueryParameters } from '../../query-parameters.ts';
import { instanceArn, newResourceId, readName, snapshotArn } from './names.ts';
import { page } from './paging.ts';
import { booleanOf, integerOf, newIdentifier, required, settingsOf, tagsOf, timeOf } from './parameters.ts';

const of = (values: Readonly<Record<string, string>>) => new QueryParameters(Object.entries(values));
/** A request with this parameter `A`, or without any. */
const withA = (text: string | undefined) => of(text === undefined ? {} : { A: text });

/** What comes of it, or the code and words of its refusal. */
function read<T>(work: () => T): T | string {
  try {
    return work();
  } catch (error) {
    expect(error).toBeInstanceOf(AwsError);
    const { code, message } = error as AwsError;
    return `${code}: ${message}`;
  }
}
const invalid = (message: string) => `InvalidParameterValue: ${message}`;

describe('the Query protocol', () => {
  test('has lists that end where a number is missing, and maps', () => {
    const parameters = of({
      'L.m.1': 'a',
      'L.m.2.X': 'b',
      'L.m.4': 'd',
      'M.entry.1.K': 'k',
      'M.entry.1.V': 'v',
    });
    expect(parameters.list('L', 'm').map((each) => [each.text(), each.text('X')])).toEqual([
      ['a', undefined],
      [undefined, 'b'],
    ]);
    expect(parameters.list('L')).toEqual([]);
    const [[key, value] = []] = parameters.map('M', 'K', 'V');
    expect([key, value?.text()]).toEqual(['k', 'v']);
    expect([parameters.isEmpty, of({}).isEmpty]).toEqual([false, true]);
  });

  test('a place is not below one whose name only begins alike', () => {
    expect(of({ 'Tags.a': '1', 'TagsMore.a': '2' }).below('Tags').text('a')).toBe('1');
    expect(of({ 'TagsMore.a': '2' }).below('Tags').isEmpty).toBe(true);
  });
});

describe('a parameter', () => {
  test('that is required is there, and not empty', () => {
    expect(read(() => required(of({ A: 'x' }), 'A'))).toBe('x');
    for (const text of [undefined, ''])
      expect(read(() => required(withA(text), 'A'))).toMatch(/^MissingParameter: /);
  });

  test.each([
    [undefined, undefined],
    ['true', true],
    ['false', false],
    ['True', invalid('Invalid value True for A.')],
    ['', invalid('Invalid value  for A.')],
  ])('that is a switch, as %j', (text, expected) => {
    expect(read(() => booleanOf(withA(text), 'A'))).toBe(expected);
  });

  test.each([
    [undefined, undefined],
    ['5', 5],
    ['9', 9],
    ['4', invalid('Invalid value 4 for A. Must be between 5 and 9')],
    ['10', invalid('Invalid value 10 for A. Must be between 5 and 9')],
    ['5.5', invalid('Invalid value 5.5 for A. Must be between 5 and 9')],
    ['x', invalid('Invalid value x for A. Must be between 5 and 9')],
  ])('that is a number from 5 to 9, as %j', (text, expected) => {
    expect(read(() => integerOf(withA(text), 'A', { min: 5, max: 9 }))).toBe(expected);
  });

  test('that is a time is one', () => {
    expect(read(() => timeOf(of({ A: '2026-03-01T09:30:00Z' }), 'A'))).toEqual(
      new Date('2026-03-01T09:30:00Z'),
    );
    expect(read(() => timeOf(of({}), 'A'))).toBeUndefined();
    expect(read(() => timeOf(of({ A: 'soon' }), 'A'))).toBe(invalid('Invalid value soon for A.'));
  });

  test('that names something new is an identifier, in lower case', () => {
    const name = (text: string) => read(() => newIdentifier(of({ A: text }), 'A', 5));
    expect([name('A-b1'), name('a'), name('abcde')]).toEqual(['a-b1', 'a', 'abcde']);
    for (const wrong of ['abcdef', '1a', 'a-', '-a', 'a--b', 'a_b', 'ä'])
      expect(name(wrong)).toMatch(/^InvalidParameterValue: The parameter A is not a valid identifier\. /);
    expect(name('')).toMatch(/^MissingParameter: /);
  });
});

test('tags are by their keys; without any there are none', () => {
  expect(tagsOf(of({}))).toBeUndefined();
  const tags = {
    'Tags.Tag.1.Key': 'a',
    'Tags.Tag.1.Value': '1',
    'Tags.Tag.2.Key': 'b',
  };
  expect(tagsOf(of(tags))).toEqual({ a: '1', b: '' });
});

test('settings are those that were named, within their bounds', () => {
  expect(read(() => settingsOf(of({})))).toEqual({});
  const given = {
    BackupRetentionPeriod: '0',
    EnableIAMDatabaseAuthentication: 'true',
    DeletionProtection: 'false',
    'VpcSecurityGroupIds.VpcSecurityGroupId.1': 'sg-1',
  };
  expect(read(() => settingsOf(of(given)))).toEqual({
    BackupRetentionPeriod: 0,
    IAMDatabaseAuthenticationEnabled: true,
    DeletionProtection: false,
    VpcSecurityGroupIds: ['sg-1'],
  });
  for (const [name, value] of [
    ['BackupRetentionPeriod', '36'],
    ['BackupRetentionPeriod', '-1'],
  ] as const)
    expect(read(() => settingsOf(of({ [name]: value })))).toMatch(`Invalid value ${value} for ${name}.`);
});

describe('pages', () => {
  const all = Array.from({ length: 245 }, (_, n) => String(n).padStart(3, '0'));
  const ask = (values: Readonly<Record<string, string>>, list = all) =>
    page(of(values), {
      name: 'List',
      member: 'One',
      all: list,
      keyOf: (each) => each,
      describe: (each) => ({ each }),
    });
  const keys = (answer: Awaited<ReturnType<typeof ask>>) =>
    (answer.List as { One: { each: string }[] }).One.map(({ each }) => each);

  test('have a hundred each, and a marker where there is more', async () => {
    const first = await ask({});
    expect(keys(first)).toEqual(all.slice(0, 100));
    const second = await ask({ Marker: String(first.Marker) });
    expect(keys(second)).toEqual(all.slice(100, 200));
    const last = await ask({ Marker: String(second.Marker) });
    expect([keys(last), last.Marker]).toEqual([all.slice(200), undefined]);
    const whole = await ask({}, all.slice(0, 100));
    expect(whole.Marker).toBeUndefined();
    expect(keys(await ask({ Marker: '' }))).toEqual(all.slice(0, 100));
  });

  test('go on rightly when what the marker names is gone', async () => {
    const { Marker } = await ask({});
    const left = all.filter((each) => each !== '099');
    expect(keys(await ask({ Marker: String(Marker) }, left))).toEqual(all.slice(100, 200));
  });

  test('a marker of something else is refused', async () => {
    const message = 'Invalid marker eA.';
    await expect(ask({ Marker: 'eA' })).rejects.toMatchObject({ code: 'InvalidParameterValue', message });
  });
});

test('names and ARNs lead to the same, and those of something else to nothing', () => {
  const place = { region: 'eu-west-1', identifier: 'db-1' };
  expect([instanceArn(place), snapshotArn(place)]).toEqual([
    'arn:aws:rds:eu-west-1:000000000000:db:db-1',
    'arn:aws:rds:eu-west-1:000000000000:snapshot:db-1',
  ]);
  expect(newResourceId()).toMatch(/^db-[A-Z2-7]{26}$/);
  expect(readName('DB-1', 'db', 'here')).toEqual({ region: 'here', identifier: 'db-1' });
  expect(readName(instanceArn(place), 'db', 'here')).toEqual({ region: 'eu-west-1', identifier: 'db-1' });
  expect(readName('arn:aws:rds:x:0:snapshot:rds:S-1', 'snapshot', 'here')).toEqual({
    region: 'x',
    identifier: 'rds:s-1',
  });
  for (const [arn, kind] of [
    [instanceArn(place), 'snapshot'],
    ['arn:aws:s3:::db:x', 'db'],
  ] as const)
    expect(read(() => readName(arn, kind, 'here'))).toBe(invalid(`Invalid resource name: ${arn}`));
});

import * as sdk from '@aws-sdk/client-rds';
import { expect, test } from 'vitest';
import type { AwsError } from '../aws-error.ts';
import * as errors from './errors.ts';

/** Codes and statuses of the service's own model, from the SDK. */
const model = new Map(
  Object.values(sdk).flatMap((exported) => {
    const traits: unknown = Array.isArray(exported) ? exported[3] : undefined;
    const named = (traits as { awsQueryError?: [string, number] } | undefined)?.awsQueryError;
    return named ? [named] : [];
  }),
);

/** What every service of AWS may answer, which no model lists. */
const common = new Map([
  ['InvalidParameterValue', 400],
  ['InvalidParameterCombination', 400],
  ['MissingParameter', 400],
  ['AccessDenied', 403],
  ['NotImplemented', 501],
]);

const { rdsFaultWords, ...makers } = errors;

test.each(Object.entries(makers))('%s has the code and the status of the model', (_, make) => {
  const { code, status } = (make as (...values: string[]) => AwsError)('a', 'b');
  expect(model.size).toBeGreaterThan(100);
  expect(model.get(code) ?? common.get(code)).toBe(status);
});

test.each(['RestoreDBInstanceFromDBSnapshot', 'CreateDBSnapshot', 'CopyDBSnapshot', 'DeleteDBInstance'])(
  'the faults of %s are errors that the model knows',
  (operation) => {
    for (const make of Object.values(rdsFaultWords)) {
      const { code, status } = make(operation);
      expect(model.get(code)).toBe(status);
    }
  },
);

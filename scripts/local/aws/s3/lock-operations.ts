import { AwsError } from '../aws-error.ts';
import { child, childText } from '../xml.ts';
import { readDocument } from './buckets.ts';
import { refusal } from './errors.ts';
import { asksToBypass, missingLockConfiguration, refuseWeakerRetention, retentionOf } from './object-lock.ts';
import { bucketOf, type Call, type Operation, objectOf, versionHeader, xmlResponse } from './operation.ts';
import { receiveText } from './receive.ts';
import type { ObjectLock, Version } from './store.ts';

export const putObjectLockConfiguration: Operation = async (call) => {
  const bucket = bucketOf(call);
  const document = readDocument(await receiveText(call.request));
  if (childText(document, 'ObjectLockEnabled') !== 'Enabled') throw refusal.malformedXml();
  if (bucket.versioning !== 'Enabled') {
    throw new AwsError(
      'InvalidBucketState',
      409,
      "Versioning must be 'Enabled' on the bucket to apply a Object Lock configuration",
    );
  }
  const rule = child(child(document, 'Rule'), 'DefaultRetention');
  await call.store.putBucket({ ...bucket, objectLock: rule ? { defaultRetention: ruleOf(rule) } : {} });
  return { status: 200 };
};

function ruleOf(rule: Parameters<typeof childText>[0]): ObjectLock['defaultRetention'] {
  const mode = childText(rule, 'Mode');
  const [days, years] = [childText(rule, 'Days'), childText(rule, 'Years')];
  const length = Number(days ?? years);
  if ((mode !== 'COMPLIANCE' && mode !== 'GOVERNANCE') || (days === undefined) === (years === undefined)) {
    throw refusal.malformedXml();
  }
  if (!Number.isInteger(length) || length < 1) {
    throw refusal.invalidArgument(
      'Default retention period must be a positive integer value',
      'Days',
      `${length}`,
    );
  }
  return days === undefined ? { mode, years: length } : { mode, days: length };
}

export const getObjectLockConfiguration: Operation = async (call) => {
  const { name, objectLock } = bucketOf(call);
  if (!objectLock) {
    throw new AwsError(
      'ObjectLockConfigurationNotFoundError',
      404,
      'Object Lock configuration does not exist for this bucket',
      { extra: { BucketName: name } },
    );
  }
  const rule = objectLock.defaultRetention;
  return xmlResponse('ObjectLockConfiguration', {
    ObjectLockEnabled: 'Enabled',
    Rule: rule && { DefaultRetention: { Mode: rule.mode, Days: rule.days, Years: rule.years } },
  });
};

export const putObjectRetention: Operation = async (call) => {
  const document = readDocument(await receiveText(call.request));
  const [mode, until] = [childText(document, 'Mode'), childText(document, 'RetainUntilDate')];
  if ((mode === undefined) !== (until === undefined)) throw refusal.malformedXml();
  return await changeLock(call, (version) => {
    const retention =
      mode === undefined || until === undefined ? undefined : retentionOf(mode, until, call.now);
    refuseWeakerRetention(version, retention, asksToBypass(call.request), call.now);
    return { ...version, retention };
  });
};

export const getObjectRetention: Operation = async (call) => {
  const { retention } = lockable(call);
  if (!retention) throw noLock();
  return xmlResponse('Retention', { Mode: retention.mode, RetainUntilDate: retention.until });
};

export const putObjectLegalHold: Operation = async (call) => {
  const status = childText(readDocument(await receiveText(call.request)), 'Status');
  if (status !== 'ON' && status !== 'OFF') throw refusal.malformedXml();
  return await changeLock(call, (version) => ({ ...version, legalHold: status === 'ON' }));
};

export const getObjectLegalHold: Operation = async (call) => {
  const { legalHold } = lockable(call);
  if (legalHold === undefined) throw noLock();
  return xmlResponse('LegalHold', { Status: legalHold ? 'ON' : 'OFF' });
};

function lockable(call: Call): Version {
  if (!bucketOf(call).objectLock) throw missingLockConfiguration();
  return objectOf(call);
}

async function changeLock(call: Call, change: (version: Version) => Version) {
  const { store, bucketName, key } = call;
  return await store.inTurn(bucketName, key, async () => {
    const changed = change(lockable(call));
    await store.update(bucketName, changed);
    return { status: 200, headers: versionHeader(bucketOf(call), changed) };
  });
}

function noLock(): AwsError {
  return new AwsError(
    'NoSuchObjectLockConfiguration',
    404,
    'The specified object does not have a ObjectLock configuration',
  );
}

import { afterAll, beforeEach, describe, expect, test } from 'vitest';
import { environment } from '#platform/environment.ts';
import { openScripted } from '#tests/recovery/scripted-aws.ts';
import { ago, dayMs, hourMs, minuteMs, surroundings } from '#tests/recovery/surroundings.ts';
import type { AlertProbe } from '../alert-probe.ts';
import { alertPath } from './alert-path.ts';

const topics = openScripted('sns');
const topic = process.env[environment.alertTopicArn];
beforeEach(() => {
  process.env[environment.alertTopicArn] = 'arn:aws:sns:eu-central-1:000000000000:alerts';
  subscribe('sms confirmed');
});
afterAll(() => {
  if (topic === undefined) delete process.env[environment.alertTopicArn];
  else process.env[environment.alertTopicArn] = topic;
});

function subscribe(...subscribers: readonly string[]): void {
  const member = subscribers.map((each) => {
    const [Protocol, state] = each.split(' ');
    return { Protocol, SubscriptionArn: state === 'confirmed' ? 'arn:x' : 'PendingConfirmation' };
  });
  topics.answer('ListSubscriptionsByTopic', { Subscriptions: { member } });
}

/** A test alert, with the ages of its creation and its arrival. */
function probe(createdMs: number, arrivedMs?: number, failure?: string): AlertProbe {
  return {
    id: String(createdMs),
    madeAt: ago(createdMs),
    sentAt: failure === undefined ? ago(createdMs) : undefined,
    receivedAt: arrivedMs === undefined ? undefined : ago(arrivedMs),
    failure,
  };
}
const found = async (...probes: readonly AlertProbe[]) => {
  const { status, summary } = await alertPath.run(surroundings({ probes }));
  return [status, summary];
};
const arrived = (said: string) => `The last test alert arrived ${said} ago.`;

describe('the last test alert', () => {
  test.each([
    ['now', 0, 'ok', '0 s'],
    ['a week and three hours ago', 7 * dayMs + 3 * hourMs, 'ok', '7 d 3 h'],
    ['a millisecond before that', 7 * dayMs + 3 * hourMs + 1, 'warn', '7 d 3 h'],
    ['eight days ago', 8 * dayMs, 'warn', '8 d'],
    ['a millisecond before that too', 8 * dayMs + 1, 'fail', '8 d'],
  ] as const)('arrived %s', async (_, agoMs, status, said) => {
    expect(await found(probe(agoMs + minuteMs, agoMs))).toEqual([status, arrived(said)]);
  });

  test('arrived tomorrow: a failure', async () => {
    expect(await found(probe(0, -dayMs))).toEqual([
      'fail',
      `The last test alert arrived at ${ago(-dayMs).toISOString()}, which is in the future: a clock is wrong.`,
    ]);
  });

  test.each([
    ['for ten minutes', 10 * minuteMs, 'ok', arrived('1 h')],
    [
      'for a millisecond more',
      10 * minuteMs + 1,
      'fail',
      'A test alert was sent 10 min ago and has not arrived.',
    ],
  ] as const)('has been under way %s, and the one before has arrived', async (_, waitingMs, status, said) => {
    expect(await found(probe(waitingMs), probe(2 * hourMs, hourMs))).toEqual([status, said]);
  });

  test('is judged by the oldest one that was sent after the last arrival', async () => {
    const last = probe(2 * hourMs, hourMs);
    expect(await found(probe(0), probe(20 * minuteMs), last, probe(9 * dayMs))).toEqual([
      'fail',
      'A test alert was sent 20 min ago and has not arrived.',
    ]);
    expect(await found(last, probe(9 * dayMs), probe(10 * dayMs, undefined, 'denied'))).toEqual([
      'ok',
      arrived('1 h'),
    ]);
  });

  test('could not be sent, or was sent tomorrow', async () => {
    const last = probe(2 * hourMs, hourMs);
    expect(await found(probe(0), probe(minuteMs, undefined, 'denied'), last)).toEqual([
      'fail',
      'Alerts cannot be sent: denied',
    ]);
    expect(await found(probe(-dayMs), last)).toEqual([
      'fail',
      `A test alert was sent at ${ago(-dayMs).toISOString()}, which is in the future: a clock is wrong.`,
    ]);
  });

  test('is the first, or none was ever sent', async () => {
    expect(await found(probe(minuteMs))).toEqual(['warn', 'The first test alert is under way.']);
    expect(await found()).toEqual(['warn', 'No test alert has been sent yet.']);
  });
});

describe('the subscribers of the alerts', () => {
  const fresh = probe(2 * minuteMs, minuteMs);

  test('are people, and have confirmed', async () => {
    subscribe('lambda confirmed', 'sqs confirmed');
    expect(await found(fresh)).toEqual(['fail', 'Nobody receives the alerts.']);
    subscribe('email pending', 'sms pending', 'lambda confirmed');
    expect(await found(fresh)).toEqual([
      'fail',
      'Nobody receives the alerts: 2 subscriptions not confirmed.',
    ]);
  });

  test('are reported when some have not confirmed, unless something is worse', async () => {
    subscribe('email pending', 'sms confirmed');
    expect(await found(fresh)).toEqual([
      'warn',
      'Alerts arrive, but not for everybody: 1 subscription not confirmed.',
    ]);
    expect(await found(probe(10 * dayMs, 9 * dayMs))).toEqual(['fail', arrived('9 d')]);
  });

  test('are counted in the facts, with the last time that a test alert was sent and arrived', async () => {
    subscribe('email pending', 'sms confirmed', 'http confirmed');
    const probes = [probe(minuteMs, undefined, 'denied'), probe(2 * hourMs, hourMs)];
    expect((await alertPath.run(surroundings({ probes }))).facts).toEqual({
      ...{ confirmedSubscribers: 2, pendingSubscribers: 1, lastSentAt: undefined },
      ...{ lastArrivedAt: ago(hourMs), failure: 'denied' },
    });
  });
});

test('outside RDS it applies only with a topic', async () => {
  const elsewhere = { ...surroundings({ probes: [probe(2, 1)] }), rds: undefined };
  expect(await alertPath.run(elsewhere)).toMatchObject({ status: 'ok' });
  delete process.env[environment.alertTopicArn];
  expect(await alertPath.run(elsewhere)).toEqual({
    status: 'not_applicable',
    summary: 'No alert topic is set: report failures by the exit code of npm run monitor:backups.',
  });
  await expect(alertPath.run(surroundings())).rejects.toThrow(environment.alertTopicArn);
});

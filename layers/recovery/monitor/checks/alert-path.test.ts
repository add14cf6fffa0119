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

/** A test alert: when it was made, and when it arrived. */
function probe(madeMs: number, arrivedMs?: number, failure?: string): AlertProbe {
  return {
    id: String(madeMs),
    madeAt: ago(madeMs),
    sentAt: failure === undefined ? ago(madeMs) : undefined,
    receivedAt: arrivedMs === undefined ? undefined : ago(arrivedMs),
    failure,
  };
}
const found = async (...probes: readonly AlertProbe[]) => {
  const { status, summary } = await alertPath.run(surroundings({ probes }));
  return [status, summary];
};
const arrived = (said: string) =>
  `The last alert that was sent to see whether it arrives did so ${said} ago.`;

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

  test('arrived tomorrow, which is no proof', async () => {
    expect(await found(probe(0, -dayMs))).toEqual([
      'fail',
      `The last alert that was seen to arrive did so at ${ago(-dayMs).toISOString()}, which has not come yet: a clock is wrong.`,
    ]);
  });

  test.each([
    ['for ten minutes', 10 * minuteMs, 'ok', arrived('1 h')],
    [
      'for a millisecond more',
      10 * minuteMs + 1,
      'fail',
      'An alert that was sent 10 min ago to see whether it arrives has not.',
    ],
  ] as const)('is under way %s, and the one before has arrived', async (_, waitingMs, status, said) => {
    expect(await found(probe(waitingMs), probe(2 * hourMs, hourMs))).toEqual([status, said]);
  });

  test('is judged by the one that waits the longest of those behind the last that arrived', async () => {
    const last = probe(2 * hourMs, hourMs);
    expect(await found(probe(0), probe(20 * minuteMs), last, probe(9 * dayMs))).toEqual([
      'fail',
      'An alert that was sent 20 min ago to see whether it arrives has not.',
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
      `The alert to see whether one arrives was sent at ${ago(-dayMs).toISOString()}, which has not come yet: a clock is wrong.`,
    ]);
  });

  test('is the first, or there never was one', async () => {
    expect(await found(probe(minuteMs))).toEqual([
      'warn',
      'The first alert to see whether it arrives is under way.',
    ]);
    expect(await found()).toEqual(['warn', 'No alert has been sent yet to see whether it arrives.']);
  });
});

describe('those who get the alerts', () => {
  const fresh = probe(2 * minuteMs, minuteMs);

  test('are people, and have confirmed', async () => {
    subscribe('lambda confirmed', 'sqs confirmed');
    expect(await found(fresh)).toEqual(['fail', 'Nobody gets the alerts.']);
    subscribe('email pending', 'sms pending', 'lambda confirmed');
    expect(await found(fresh)).toEqual([
      'fail',
      'Nobody gets the alerts: 2 have not confirmed their subscription.',
    ]);
  });

  test('are told when some of them have not, unless something worse is', async () => {
    subscribe('email pending', 'sms confirmed');
    expect(await found(fresh)).toEqual([
      'warn',
      'Alerts arrive, but 1 of those who should get them have not confirmed.',
    ]);
    expect(await found(probe(10 * dayMs, 9 * dayMs))).toEqual(['fail', arrived('9 d')]);
  });

  test('are counted in the facts, with when one was sent and when one arrived last', async () => {
    subscribe('email pending', 'sms confirmed', 'http confirmed');
    const probes = [probe(minuteMs, undefined, 'denied'), probe(2 * hourMs, hourMs)];
    expect((await alertPath.run(surroundings({ probes }))).facts).toEqual({
      ...{ confirmedSubscribers: 2, pendingSubscribers: 1, lastSentAt: undefined },
      ...{ lastArrivedAt: ago(hourMs), failure: 'denied' },
    });
  });
});

test('elsewhere than on RDS it does not apply without a topic, and does with one', async () => {
  const elsewhere = { ...surroundings({ probes: [probe(2, 1)] }), rds: undefined };
  expect(await alertPath.run(elsewhere)).toMatchObject({ status: 'ok' });
  delete process.env[environment.alertTopicArn];
  expect(await alertPath.run(elsewhere)).toEqual({
    status: 'not_applicable',
    summary: 'No topic is named: whoever runs this sees to it that its exit code reaches somebody.',
  });
  await expect(alertPath.run(surroundings())).rejects.toThrow(environment.alertTopicArn);
});

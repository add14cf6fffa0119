import { environment } from '#platform/environment.ts';
import { ageOf, judge, notYet, spoken } from '../../policy.ts';
import { type Check, type Finding, notApplicable } from '../check.ts';
import { listSubscribers } from '../subscribers.ts';

export const alertPath: Check = {
  name: 'alert-path',
  title: 'Alerts arrive, and somebody is there to get them',
  run: async ({ rds, postgres, now, policy }): Promise<Finding> => {
    if (!rds && !process.env[environment.alertTopicArn]) {
      return notApplicable(
        'No topic is named: whoever runs this sees to it that its exit code reaches somebody.',
      );
    }
    const subscribers = await listSubscribers();
    const people = subscribers.filter(({ isPerson }) => isPerson);
    const confirmed = people.filter(({ isConfirmed }) => isConfirmed).length;
    const pending = people.length - confirmed;
    const probes = await postgres.alertProbes();
    const arrived = probes.find(({ receivedAt }) => receivedAt !== undefined);
    const [newest] = probes;
    const facts = {
      confirmedSubscribers: confirmed,
      pendingSubscribers: pending,
      lastSentAt: newest?.sentAt,
      lastArrivedAt: arrived?.receivedAt,
      failure: newest?.failure,
    };
    const finding = (status: Finding['status'], summary: string): Finding => ({ status, summary, facts });

    if (confirmed === 0) {
      const waiting = pending > 0 ? `: ${pending} have not confirmed their subscription` : '';
      return finding('fail', `Nobody gets the alerts${waiting}.`);
    }
    if (!newest) return finding('warn', 'No alert has been sent yet to see whether it arrives.');
    const { underWayMs, ageMs } = policy.alertProbe;
    // Those after the last one that arrived. One that has just been sent says nothing yet.
    const open = arrived ? probes.slice(0, probes.indexOf(arrived)) : probes;
    const unsent = open.find(({ failure }) => failure !== undefined);
    if (unsent) return finding('fail', `Alerts cannot be sent: ${unsent.failure}`);
    const ahead = open.find(({ madeAt }) => ageOf(madeAt, now) === undefined);
    if (ahead) {
      return finding('fail', `The alert to see whether one arrives was sent at ${notYet(ahead.madeAt)}.`);
    }
    const waitingMs = Math.max(0, ...open.map(({ madeAt }) => ageOf(madeAt, now) ?? 0));
    if (waitingMs > underWayMs) {
      return finding(
        'fail',
        `An alert that was sent ${spoken(waitingMs)} ago to see whether it arrives has not.`,
      );
    }
    if (!arrived) return finding('warn', 'The first alert to see whether it arrives is under way.');
    const arrivedAt = arrived.receivedAt ?? arrived.madeAt;
    const sinceMs = ageOf(arrivedAt, now);
    if (sinceMs === undefined) {
      return finding('fail', `The last alert that was seen to arrive did so at ${notYet(arrivedAt)}.`);
    }
    const status = judge(sinceMs, ageMs);
    if (pending > 0 && status === 'ok') {
      return finding(
        'warn',
        `Alerts arrive, but ${pending} of those who should get them have not confirmed.`,
      );
    }
    return finding(
      status,
      `The last alert that was sent to see whether it arrives did so ${spoken(sinceMs)} ago.`,
    );
  },
};

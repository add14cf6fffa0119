import { environment } from '#platform/environment.ts';
import { counted } from '#platform/text/plural.ts';
import { ageOf, judge, notYet, spoken } from '../../policy.ts';
import { type Check, type Finding, notApplicable } from '../check.ts';
import { listSubscribers } from '../subscribers.ts';

export const alertPath: Check = {
  name: 'alert-path',
  title: 'Alerts arrive, and somebody receives them',
  run: async ({ rds, postgres, now, policy }): Promise<Finding> => {
    if (!rds && !process.env[environment.alertTopicArn]) {
      return notApplicable(
        'No alert topic is set: report failures by the exit code of npm run monitor:backups.',
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
      const waiting = pending > 0 ? `: ${counted(pending, 'subscription')} not confirmed` : '';
      return finding('fail', `Nobody receives the alerts${waiting}.`);
    }
    if (!newest) return finding('warn', 'No test alert has been sent yet.');
    const { underWayMs, ageMs } = policy.alertProbe;
    // The test alerts after the last one that arrived.
    const open = arrived ? probes.slice(0, probes.indexOf(arrived)) : probes;
    const unsent = open.find(({ failure }) => failure !== undefined);
    if (unsent) return finding('fail', `Alerts cannot be sent: ${unsent.failure}`);
    const ahead = open.find(({ madeAt }) => ageOf(madeAt, now) === undefined);
    if (ahead) {
      return finding('fail', `A test alert was sent at ${notYet(ahead.madeAt)}.`);
    }
    const waitingMs = Math.max(0, ...open.map(({ madeAt }) => ageOf(madeAt, now) ?? 0));
    if (waitingMs > underWayMs) {
      return finding('fail', `A test alert was sent ${spoken(waitingMs)} ago and has not arrived.`);
    }
    if (!arrived) return finding('warn', 'The first test alert is under way.');
    const arrivedAt = arrived.receivedAt ?? arrived.madeAt;
    const sinceMs = ageOf(arrivedAt, now);
    if (sinceMs === undefined) {
      return finding('fail', `The last test alert arrived at ${notYet(arrivedAt)}.`);
    }
    const status = judge(sinceMs, ageMs);
    if (pending > 0 && status === 'ok') {
      return finding(
        'warn',
        `Alerts arrive, but not for everybody: ${counted(pending, 'subscription')} not confirmed.`,
      );
    }
    return finding(status, `The last test alert arrived ${spoken(sinceMs)} ago.`);
  },
};

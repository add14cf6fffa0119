import { setTimeout as delay } from 'node:timers/promises';
import type { Job } from '#functions/schedules.ts';
import type { JobOutcome } from '../api.ts';
import type { Attacked, AttackedAws } from '../attacked.ts';
import type { Fault, Strike } from '../fault.ts';

/** The jobs that call S3, SNS and RDS. */
const jobs: readonly Job[] = ['reconcile-balances', 'monitor-backups'];
/** Within this time a job must have ended, however AWS behaves. */
const jobMs = 60_000;
const shortestMs = 3_000;

/** Requests do not call AWS, so they must not notice; jobs must end, and succeed once AWS answers again. */
function awsFault(
  name: string,
  does: string,
  begin: (aws: AttackedAws) => Promise<() => Promise<void>>,
): Fault {
  return {
    name,
    does,
    needsAws: true,
    isSilent: true,
    async strike(attacked, signal) {
      const { aws } = attacked;
      if (!aws) throw new Error('there is no AWS: see needsAws');
      const end = await begin(aws);
      const running = runJobs(attacked);
      const hasStruck = () => aws.relays.some((relay) => relay.broken() > 0);
      try {
        // The first attempt of the SDK ends with its timeout; a later one meets an AWS that answers again.
        await delay(shortestMs, undefined, { signal });
        const untilMs = performance.now() + jobMs;
        let areRunning = true;
        running.finally(() => {
          areRunning = false;
        });
        while (areRunning && !hasStruck() && performance.now() < untilMs)
          await delay(50, undefined, { signal });
      } finally {
        await end();
      }
      const during = await running;
      const after = await runJobs(attacked);
      return {
        times: aws.relays.reduce((sum, relay) => sum + relay.broken(), 0) + failuresOf(during).length,
        wrong: [...wrongWith(during, 'during'), ...failuresOf(after).map((text) => `afterwards ${text}`)],
      };
    },
  };
}

type Outcomes = readonly { readonly job: Job; readonly outcome: JobOutcome | undefined }[];

async function runJobs({ api }: Attacked): Promise<Outcomes> {
  return await Promise.all(
    jobs.map(async (job) => {
      const late = delay(jobMs, undefined, { ref: false });
      return { job, outcome: (await Promise.race([api.runJob(job), late])) ?? undefined };
    }),
  );
}

const failuresOf = (outcomes: Outcomes) =>
  outcomes.flatMap(({ job, outcome }) =>
    outcome?.succeeded ? [] : [`${job}: ${outcome?.text ?? 'no end'}`],
  );

/** A failed job says in one line that AWS failed it. */
function wrongWith(outcomes: Outcomes, when: string): NonNullable<Strike['wrong']> {
  return failuresOf(outcomes)
    .filter((text) => !/(S3|SNS|RDS) \w+/.test(text) || text.includes('\n'))
    .map((text) => `${when} ${text}`);
}

export const awsFaults: readonly Fault[] = [
  awsFault(
    'AWS refused',
    'refuses connections to S3, SNS and RDS while reconciliation and the monitor run',
    async ({ relays }) => {
      await Promise.all(relays.map((relay) => relay.refuse()));
      return async () => {
        await Promise.all(relays.map((relay) => relay.accept()));
      };
    },
  ),
  awsFault('AWS failing', 'answers every call of them with a failure of the service', async ({ local }) => {
    const ends = [local.s3, local.sns, local.rds].map(({ faults }) => faults.inject('failing'));
    return async () => {
      for (const end of ends) end();
    };
  }),
  awsFault(
    'AWS cut',
    'closes every connection to them inside the request, before or inside the answer',
    async ({ relays }) => {
      for (const relay of relays)
        relay.follow({ how: 'cut', at: ['inside', 'answer', 'inside answer'], every: 1 });
      return async () => {
        for (const relay of relays) relay.follow(undefined);
      };
    },
  ),
  awsFault(
    'AWS hanging',
    'passes no answer of them on, and leaves the connections open',
    async ({ relays }) => {
      for (const relay of relays) relay.follow({ how: 'hang', at: ['answer'], every: 1 });
      return async () => {
        for (const relay of relays) relay.follow(undefined);
      };
    },
  ),
];

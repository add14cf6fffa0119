import { setTimeout as delay } from 'node:timers/promises';
import type { Fault } from '../fault.ts';

const hourMs = 3_600_000;

/** What the others are compared with. */
export const quiet: Fault = {
  name: 'none',
  does: 'leaves everything as it is',
  isSilent: true,
  async strike(_, signal) {
    await delay(1_500, undefined, { signal });
    return { times: 1 };
  },
};

export const apiFaults: readonly Fault[] = [
  quiet,
  {
    name: 'API killed',
    does: 'kills the process of the API with -9, and starts it again, twice',
    async strike({ api }, signal) {
      for (let turn = 0; turn < 2; turn += 1) {
        await api.kill('SIGKILL');
        await api.start();
        await delay(700, undefined, { signal });
      }
      return { times: 2 };
    },
  },
  {
    name: 'API stopped',
    does: 'stops the API in order (SIGTERM) while it has requests, and starts it again',
    async strike({ api }, signal) {
      await api.kill('SIGTERM');
      await api.start();
      await delay(300, undefined, { signal });
      return { times: 1 };
    },
  },
  {
    name: 'API frozen',
    does: 'stops the process of the API (SIGSTOP) for longer than its clients wait',
    async strike({ api }, signal) {
      const goOn = api.freeze();
      await delay(6_500, undefined, { signal }).finally(goOn);
      return { times: 1 };
    },
  },
  {
    name: 'clocks wrong',
    does: 'sets the clock of the API an hour ahead, then an hour back; clients are 26 hours back and 40 s ahead',
    // The token of a user is not yet valid, or the pass that the API signs has expired.
    refusals: ['invalid_credentials'],
    async strike({ api }, signal) {
      for (const aheadMs of [hourMs, -hourMs]) {
        api.setClock(aheadMs);
        await delay(1_200, undefined, { signal }).finally(() => api.setClock(0));
      }
      return { times: 2 };
    },
  },
];

import type { Party } from './party.ts';
import type { Step } from './step.ts';

const job = (name: string, event?: unknown, timeoutMs?: number): Step => ({
  of: name,
  name: `the job ${name}`,
  take: (party) => party.invoke(name, event, timeoutMs),
});

/** With so little time the job ends after some hundred organizations. It keeps half a minute for the last page. */
const tidyTimeMs = 32_000;

const csv = [
  'sku,qty,place,ref',
  'S1,3,L1,IMPORTED-1',
  'S2,4,L2,',
  'NEW-ITEM,1,NEW-PLACE,',
  'S2,many,L2,',
].join('\n');

const command = (step: Parameters<Party['run']>[0], name: string, body?: () => string): Step => ({
  of: step,
  name,
  take: ({ run, organization }) => run(step, organization, body?.()),
});

/** Every job that sends statements to the ledger. The reconciliation reads all history the first time, then what is new. */
export const jobSteps: readonly Step[] = [
  job('heartbeat'),
  job('reconcile-balances'),
  command('reconcile', 'a full reconciliation'),
  command('import a file', 'an import', () => csv),
  command('seal', 'a further seal'),
  command('import a file', 'an import with new references', () => csv.replace('IMPORTED-1', 'IMPORTED-2')),
  command('seal', 'one more seal'),
  job('monitor-backups'),
  job('tidy', {}, tidyTimeMs),
  job('pass-key', { RequestType: 'Update' }),
];

/** The jobs that no step takes, with the reason. */
export const jobsNotAsked: Readonly<Record<string, string>> = {
  'alert-receipt': 'records the arrival of one alert by its id, in a table with one row a week',
  migrate: 'changes the schema, at a deploy',
  'sweep-drills': 'asks RDS alone',
  'verify-snapshot': 'reads a restored copy of the database, as a whole',
};

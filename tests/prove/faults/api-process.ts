// The API and its jobs in a process of their own, so that it can be killed, stopped and given another time.
import '../quiet.ts';
import { routes } from '#functions/routes.ts';
import { scheduleOf } from '#functions/schedules.ts';
import { closeAwsClients } from '#platform/aws/call.ts';
import { closeDatabase } from '#platform/postgres/database.ts';
import { serveGateway } from '#scripts/local/gateway/server.ts';
import { createHandlerLoader } from '#scripts/local/lambda/handlers.ts';
import { createJobRunner } from '#scripts/local/schedule/job-runner.ts';
import type { FromApi, JobOutcome, ToApi } from './api.ts';

const entries = ['items', 'movements', 'balances', 'entries', 'health'];

const tell = (message: FromApi) => process.send?.(message);
const loader = createHandlerLoader({ watch: false });
const runJob = createJobRunner(loader);
const RealDate = Date;
let aheadMs = 0;

/** Whatever asks for the time gets this process's own. */
globalThis.Date = class extends RealDate {
  constructor(...given: [] | [number]) {
    if (given.length === 0) super(RealDate.now() + aheadMs);
    else super(...given);
  }
  static override now(): number {
    return RealDate.now() + aheadMs;
  }
} as DateConstructor;

process.on('message', async (message: ToApi) => {
  if (message.kind === 'clock') {
    aheadMs = message.aheadMs;
    return;
  }
  const outcome = await runJob(scheduleOf(message.job), new Date(), new AbortController().signal).then(
    (text): JobOutcome => ({ succeeded: true, text }),
    (error: Error): JobOutcome => ({ succeeded: false, text: `${error.name}: ${error.message}` }),
  );
  tell({ kind: 'job', number: message.number, outcome });
});
// Ctrl-C in a terminal reaches every process; the proof decides when this one ends.
process.on('SIGINT', () => {});
process.on('disconnect', () => process.exit());

await Promise.all(entries.map(loader.load));
const gateway = await serveGateway({
  routes,
  load: loader.load,
  port: Number(process.argv[2]),
  // The answers themselves are checked.
  onError: () => {},
});
process.on('SIGTERM', async () => {
  await gateway.close();
  await closeDatabase();
  closeAwsClients();
  process.disconnect();
  process.exit();
});
tell({ kind: 'serving', port: gateway.port });

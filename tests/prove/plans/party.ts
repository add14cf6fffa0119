import { join } from 'node:path';
import { environment } from '#platform/environment.ts';
import { closeDatabase } from '#platform/postgres/database.ts';
import { createOperatorKey } from '#scripts/local/identity.ts';
import { startIssuer } from '#scripts/local/issuer/issuer.ts';
import { createSigningKey } from '#scripts/local/issuer/signing-key.ts';
import { createPassKey, trustIssuer } from '#scripts/local/issuer/trust.ts';
import { createHandlerLoader } from '#scripts/local/lambda/handlers.ts';
import { invoke } from '#scripts/local/lambda/invoke.ts';
import { loginUrl } from '#scripts/local/logins.ts';
import { paths } from '#scripts/paths.ts';
import { type Answer, type Request, requestsTo } from '../../caller.ts';
import { serveApi } from '../isolation/api.ts';
import { type Jobs, openJobs } from '../isolation/worlds/job-steps.ts';
import type { Asked } from './plant.ts';

/** Everybody who asks a database something: callers of the API, operators and jobs. Each has one connection. */
export interface Party extends AsyncDisposable {
  readonly organization: Asked;
  /** Requests with the key of the organization. */
  readonly request: Request;
  /** Requests with the token of a member. */
  readonly asMember: Request;
  readonly asOperator: Request;
  /** Requests without a credential. */
  readonly asNobody: Request;
  /** Runs a function of `functions/jobs/`, which sees that it has so much time. */
  invoke(job: string, event?: unknown, timeoutMs?: number): Promise<unknown>;
  /** Takes a step that a command takes for an organization. */
  run: Jobs['run'];
  /** A text that no step has had before. */
  unused(): string;
}

/** Long enough for the reconciliation of a million movements. */
const jobTimeoutMs = 15 * 60_000;

/** Gathers the party before a database. The functions read their settings from the environment, so one is there at a time. */
export async function gather(adminUrl: string, organization: Asked): Promise<Party> {
  const issuer = await startIssuer(await createSigningKey());
  const operatorKey = createOperatorKey();
  Object.assign(process.env, await trustIssuer(adminUrl, issuer, createPassKey()), {
    [environment.operatorKey]: operatorKey,
    [environment.adminDatabaseUrl]: loginUrl(adminUrl, 'stockade_admin'),
    [environment.jobsDatabaseUrl]: loginUrl(adminUrl, 'stockade_jobs'),
    [environment.stage]: 'prove',
    [environment.dbInstanceIdentifier]: 'ledger',
    [environment.backupCopyRegion]: 'none',
    [environment.sqlDirectory]: join(paths.root, 'sql'),
  });
  const api = await serveApi(adminUrl, { deadlineMs: jobTimeoutMs });
  const jobs = await openJobs(adminUrl);
  const loader = createHandlerLoader({ watch: false });
  const token = await issuer.issueToken({ email: organization.email });
  let unused = 0;
  const as = (headers: Readonly<Record<string, string>>): Request => requestsTo(api.url, headers);
  return {
    organization,
    request: as({ 'x-api-key': organization.key }),
    asMember: as({ authorization: `Bearer ${token}` }),
    asOperator: as({ 'x-operator-key': operatorKey }),
    asNobody: as({}),
    invoke: async (job, event = {}, timeoutMs = jobTimeoutMs) =>
      await invoke(await loader.loadJob(job), event, { functionName: job, timeoutMs }),
    run: jobs.run,
    unused: () => {
      unused += 1;
      return `new-${unused}`;
    },
    async [Symbol.asyncDispose]() {
      await jobs.close();
      await api.close();
      await closeDatabase();
      await issuer.close();
    },
  };
}

/** @throws when the answer has another status: a step that is refused shows nothing of what it would have asked */
export function expectStatus(status: number, answer: Answer): Answer {
  if (answer.status === status) return answer;
  throw new Error(`expected ${status}, got ${answer.status}: ${JSON.stringify(answer.body)}`);
}

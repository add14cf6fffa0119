import { routeKey, routes } from '#functions/routes.ts';
import type { Credential } from './credentials.ts';
import { jobSteps } from './job-steps.ts';
import type { Step } from './step.ts';

/** How often each route was answered with which status. */
export type Statuses = Readonly<Record<string, Readonly<Record<number, number>>>>;

const credentials = ['a key', 'a token', 'a key and a token'] as const;

type Presented = (typeof credentials)[number] | 'nothing';

/** The lines of the route table that are a tenant's. `/platform/` is the operators': a tenant's credential gets nowhere there. */
const tenantRoutes = routes.filter(({ scope }) => scope !== 'operator');

/** What has to be asked, and with what it has to have succeeded. */
const demanded: readonly { readonly route: string; readonly by: readonly (Presented | 'anything')[] }[] = [
  ...tenantRoutes.map((line) => {
    const route = routeKey(line);
    // Whatever has no route is never found.
    if (route === '$default') return { route, by: [] };
    return { route, by: line.scope === 'none' ? (['anything'] as const) : credentials };
  }),
  ...jobSteps.map((route) => ({ route, by: ['anything'] as const })),
];

/** What a proof has to ask: every route of a tenant, and every job. */
export const provenRoutes: readonly string[] = demanded.map(({ route }) => route);

/** What a proof has asked, and how it was answered: answers that are refusals everywhere are the same, and prove little. */
export class Coverage {
  private readonly counts: Record<string, Record<number, number>> = {};
  private readonly succeeded = new Set<string>();

  note(step: Step, status: number): void {
    const { route } = step;
    this.counts[route] ??= {};
    const counts = this.counts[route];
    counts[status] = (counts[status] ?? 0) + 1;
    if (status < 200 || status > 299) return;
    this.succeeded.add(`${route} by ${presented(step.by)}`);
    this.succeeded.add(`${route} by anything`);
  }

  get statuses(): Statuses {
    return this.counts;
  }

  /** What was not proven, a sentence each: the routes that were never asked, and those that never succeeded. */
  gaps(): string[] {
    return demanded.flatMap(({ route, by }) => {
      if (!(route in this.counts)) return [`${route} was never asked`];
      return by
        .filter((each) => !this.succeeded.has(`${route} by ${each}`))
        .map((each) => `${route}, asked with ${each}, was never answered with success`);
    });
  }
}

function presented(by: readonly Credential[] = ['key']): Presented {
  const hasToken = by.some((credential) => credential !== 'key');
  if (by.includes('key')) return hasToken ? 'a key and a token' : 'a key';
  return hasToken ? 'a token' : 'nothing';
}

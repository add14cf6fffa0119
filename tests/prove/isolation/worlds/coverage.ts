import { routeKey, routes } from '#functions/routes.ts';
import type { Credential } from './credentials.ts';
import { jobSteps } from './job-steps.ts';
import type { Step } from './step.ts';

/** How often each route was answered with which status. */
export type Statuses = Readonly<Record<string, Readonly<Record<number, number>>>>;

const credentials = ['a key', 'a token', 'a key and a token'] as const;

type Presented = (typeof credentials)[number] | 'nothing';

/** The routes of tenants. The routes under `/platform/` belong to operators and accept no credential of a tenant. */
const tenantRoutes = routes.filter(({ scope }) => scope !== 'operator');

/** The routes that must be asked, and the credentials with which each must succeed. */
const demanded: readonly { readonly route: string; readonly by: readonly (Presented | 'anything')[] }[] = [
  ...tenantRoutes.map((line) => {
    const route = routeKey(line);
    // A path without a route never succeeds.
    if (route === '$default') return { route, by: [] };
    return { route, by: line.scope === 'none' ? (['anything'] as const) : credentials };
  }),
  ...jobSteps.map((route) => ({ route, by: ['anything'] as const })),
];

/** Every route of a tenant and every job: all must be asked. */
export const provenRoutes: readonly string[] = demanded.map(({ route }) => route);

/** Counts the steps and their answers. A route that refuses everything answers the same in every world, which proves little. */
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

  /** A sentence for each gap: a route that was never asked, or that never succeeded with a credential. */
  gaps(): string[] {
    return demanded.flatMap(({ route, by }) => {
      if (!(route in this.counts)) return [`${route} was never asked`];
      return by
        .filter((each) => !this.succeeded.has(`${route} by ${each}`))
        .map((each) => `${route} never succeeded with ${each}`);
    });
  }
}

function presented(by: readonly Credential[] = ['key']): Presented {
  const hasToken = by.some((credential) => credential !== 'key');
  if (by.includes('key')) return hasToken ? 'a key and a token' : 'a key';
  return hasToken ? 'a token' : 'nothing';
}

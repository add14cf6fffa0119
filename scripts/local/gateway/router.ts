import { type Route, routeKey } from '#functions/routes.ts';
import { decodePercent } from './request-target.ts';

export interface Match {
  readonly route: Route;
  readonly routeKey: string;
  /** Absent for a route without parameters. */
  readonly pathParameters?: Record<string, string>;
}

/** Finds the route of a method and a path that was decoded once; undefined when not even `$default` is there. */
export type Router = (method: string, routePath: string) => Match | undefined;

interface Pattern {
  readonly route: Route;
  readonly names: readonly string[];
  readonly regex: RegExp;
  readonly rank: string;
}

/**
 * Selects routes as an HTTP API does: a full match before a greedy one (`{proxy+}`), literal segments before
 * parameters, a method before ANY, and `$default` when nothing else matches.
 * A path with a trailing slash is another path. HEAD and OPTIONS are methods like any other: only a route of
 * their own, ANY or `$default` takes them.
 */
export function createRouter(routes: readonly Route[]): Router {
  const fallback = routes.find(({ path }) => path === '$default');
  const patterns = routes
    .filter((route) => route !== fallback)
    .map(toPattern)
    .sort((a, b) => (a.rank < b.rank ? -1 : 1));
  return (method, routePath) => {
    // API Gateway takes several leading slashes for one when it selects the route.
    const path = routePath.replace(/^\/+/, '/');
    for (const { route, regex, names } of patterns) {
      if (route.method !== 'ANY' && route.method !== method) continue;
      const found = regex.exec(path);
      if (!found) continue;
      const values = names.map((name, index) => {
        const value = found[index + 1] ?? '';
        return [name, decodePercent(value) ?? value];
      });
      const match = { route, routeKey: routeKey(route) };
      return values.length ? { ...match, pathParameters: Object.fromEntries(values) } : match;
    }
    return fallback && { route: fallback, routeKey: routeKey(fallback) };
  };
}

function toPattern(route: Route): Pattern {
  const names: string[] = [];
  const kinds: string[] = [];
  const parts = route.path.split('/').map((segment) => {
    const parameter = /^\{([^+}]+)(\+?)\}$/.exec(segment);
    if (!parameter?.[1]) {
      kinds.push('1');
      return segment.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
    }
    names.push(parameter[1]);
    kinds.push(parameter[2] ? '3' : '2');
    return parameter[2] ? '(.+)' : '([^/]+)';
  });
  const greedy = kinds.includes('3') ? '2' : '1';
  const anyMethod = route.method === 'ANY' ? '2' : '1';
  return {
    route,
    names,
    regex: new RegExp(`^${parts.join('/')}$`, 's'),
    rank: `${greedy}${kinds.join('')}${anyMethod}`,
  };
}

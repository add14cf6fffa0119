import type { Ledger } from './model.ts';
import { type Expected, Refused } from './refusal.ts';
import type { Asked, Request, Routes } from './request.ts';
import { balanceRoutes } from './routes/balances.ts';
import { catalogRoutes } from './routes/catalog.ts';
import { historyRoutes } from './routes/history.ts';
import { postingRoutes } from './routes/posting.ts';
import { reservationRoutes } from './routes/reservations.ts';

const routes: Routes = {
  ...catalogRoutes,
  ...postingRoutes.post,
  ...historyRoutes,
  ...balanceRoutes,
  ...reservationRoutes.answer,
};

/** What is wrong with a request by itself, whatever the ledger holds: it is refused before any key is looked at. */
const faults: Readonly<Record<string, (asked: Asked) => void>> = {
  ...postingRoutes.faults,
  ...reservationRoutes.faults,
};

/** The answer that the contract wants to a request; the ledger is then as it is after it. */
export function answer(asked: Omit<Asked, 'named' | 'query' | 'body'>, request: Request): Expected {
  const { key, named, query } = takeApart(request);
  const whole: Asked = { ...asked, named, query, body: request.body ?? {} };
  try {
    faults[key]?.(whole);
    return onceUnderKey(whole.ledger, request, () => {
      const route = routes[key];
      if (!route) throw new Error(`the model has no route ${key}: add it beside the others`);
      return route(whole);
    });
  } catch (error) {
    if (error instanceof Refused) return error.answer;
    throw error;
  }
}

function takeApart({ method, path }: Request) {
  const url = new URL(path, 'http://ledger');
  const [version, resource, named, part] = url.pathname.slice(1).split('/');
  const isNamedById = resource === 'entries' || resource === 'reservations';
  const pattern = ['', version, resource, named !== undefined && (isNamedById ? '{id}' : '{code}'), part];
  return {
    key: `${method} ${pattern.filter((segment) => segment !== undefined && segment !== false).join('/')}`,
    named: decodeURIComponent(named ?? ''),
    query: Object.fromEntries(url.searchParams),
  };
}

/**
 * Under an `Idempotency-Key` the same request gets the answer that it got, and another one is refused. A refused
 * request keeps nothing, and a dry run has no part in it: it has no effect that could happen twice.
 */
function onceUnderKey(ledger: Ledger, request: Request, effect: () => Expected): Expected {
  const { idempotencyKey: name, method, path, body } = request;
  if (name === undefined || method !== 'POST' || body?.dryRun) return effect();
  const asked = JSON.stringify([path, body]);
  const kept = ledger.kept.get(name);
  if (kept && kept.request !== asked) throw new Refused(422, 'idempotency_mismatch');
  if (kept) return { ...kept.answer, replayed: true };
  const answered = effect();
  ledger.kept.set(name, { request: asked, answer: structuredClone(answered) });
  return answered;
}

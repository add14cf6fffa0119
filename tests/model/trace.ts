import type { Answer } from '#tests/world.ts';
import type { Ledger } from './model.ts';
import type { Request } from './request.ts';
import type { Side } from './side.ts';

const longestAnswer = 400;

/** An operation and its answer as one line for people. */
export function traceLine({ name }: Ledger, request: Request, { status, headers, body }: Answer): string {
  const { method, path, body: sent, idempotencyKey } = request;
  const asked = [name, method, decodeURIComponent(path), sent && JSON.stringify(sent)];
  if (idempotencyKey !== undefined) asked.push(`[${idempotencyKey}]`);
  const replayed = headers.get('idempotent-replayed') ? ' (replayed)' : '';
  return `${asked.filter(Boolean).join(' ')} -> ${status}${replayed} ${summary(status, body)}`;
}

function summary(status: number, body: Answer['body']): string {
  if (body === undefined) return '';
  const { code, errors, lines, state } = body;
  const told = status >= 400 ? { code, errors, lines, state } : body;
  const text = JSON.stringify(told);
  return text.length > longestAnswer ? `${text.slice(0, longestAnswer)}…` : text;
}

/** Replaces ids by names that a reader can distinguish: `acme-2` is the second entry of acme. */
export function withNames(text: string, sides: readonly Side[]): string {
  let named = text;
  for (const { ledger } of sides) {
    for (const [index, { id }] of ledger.entries.entries())
      named = named.replaceAll(id, `${ledger.name}-${index + 1}`);
    for (const [index, { id }] of ledger.reservations.entries())
      named = named.replaceAll(id, `${ledger.name}-hold-${index + 1}`);
    for (const { id, sku } of ledger.items) named = named.replaceAll(id, `${ledger.name}-${sku}`);
    for (const { id, code } of ledger.locations) named = named.replaceAll(id, `${ledger.name}-${code}`);
  }
  return named;
}

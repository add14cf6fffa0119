import { isDeepStrictEqual } from 'node:util';
import { problems } from '#http/openapi/problems.ts';
import { type Answer, type Journal, type Operation, outcomeOfAttempt } from '../journal.ts';
import { type Finding, finding } from './check-ledger.ts';

/** What a run without a fault may refuse: what the stock does not allow, and too much at once. */
const usualRefusals = ['insufficient_stock', 'already_reversed', 'too_many_requests'];

/**
 * Reads every answer: a failure is a documented problem, one that passes says when to come back, a repetition gets the same
 * answer, and nothing of another organization is in it.
 * @param refusals the codes that the fault may cause beside 503
 */
export function checkAnswers(journal: Journal, refusals: readonly string[]): Finding[] {
  const slugs = [...new Set(journal.map(({ organization }) => organization.slug))];
  const allowed = new Set([...usualRefusals, ...refusals]);
  return journal.flatMap((operation) => [
    ...operation.attempts.flatMap(({ answer }) =>
      answer ? checkAnswer(operation, answer, slugs, allowed) : [],
    ),
    ...checkRepetitions(operation),
  ]);
}

function checkAnswer(
  { what, organization }: Operation,
  answer: Answer,
  slugs: readonly string[],
  allowed: ReadonlySet<string>,
): Finding[] {
  const foreign = slugs.filter((slug) => slug !== organization.slug && answer.text.includes(slug));
  return [
    ...foreign.map((slug) =>
      finding('leaked', `${what} of ${organization.slug} shows ${slug}: ${answer.text}`),
    ),
    ...(answer.status < 400 ? [] : problemFaults(answer, allowed)).map((text) =>
      finding('wrong answer', `${what}: ${text}: ${answer.status} ${answer.text}`),
    ),
  ];
}

function problemFaults(
  { status, contentType, retryAfter, body }: Answer,
  allowed: ReadonlySet<string>,
): string[] {
  const known = Object.entries(problems).find(([code]) => code === body?.code)?.[1];
  if (!contentType?.startsWith('application/problem+json') || !known) return ['no documented problem'];
  const statuses: readonly number[] = known.statuses;
  return [
    ...(statuses.includes(status) && body.status === status ? [] : ['another status than documented']),
    ...(status === 500 ? ['a fault of ours'] : []),
    ...(status < 500 && !allowed.has(body.code) ? ['a refusal that nobody expects'] : []),
    ...((status === 503 || status === 429) && !/^[1-9]\d*$/.test(retryAfter ?? '') ? ['no Retry-After'] : []),
  ];
}

function checkRepetitions({ what, writes, key, attempts }: Operation): Finding[] {
  if (!key) return [];
  const [first, ...later] = attempts
    .filter((attempt) => outcomeOfAttempt(attempt) === 'acknowledged')
    .flatMap(({ answer }) => answer ?? []);
  const differing = later.filter(
    (answer) =>
      !answer.replayed || answer.status !== first?.status || !isDeepStrictEqual(answer.body, first.body),
  );
  return differing.map((answer) =>
    finding(
      'wrong answer',
      `${what} ${writes?.name} was repeated and answered ${answer.text}, not ${first?.text}`,
    ),
  );
}

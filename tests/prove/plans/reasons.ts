import type { FaultKind } from './faults.ts';
import type { RunStatement } from './recording.ts';

/** A fault of plans that is accepted, and why. */
export interface Reason {
  /** The functions that run the statement, or a part of its text. */
  readonly of: { readonly within: readonly string[] } | { readonly text: string };
  readonly kinds: readonly FaultKind[];
  readonly because: string;
}

export const reasons: readonly Reason[] = [
  {
    of: { text: 'tenancy.appearance(code)' },
    kinds: ['many rows', 'large sort', 'several plans'],
    because: 'an import compares the codes that it has created with all of the organization, once',
  },
  {
    of: { text: 'tenancy.appearance(slug)' },
    kinds: ['many rows', 'large sort', 'several plans'],
    because: 'the answer names the slugs that look like the new one: all are compared, for an operator',
  },
  {
    of: { text: 'filter (where m.occurred_at <= p_as_of)' },
    kinds: ['many rows'],
    because: 'by the time of effect no seal helps: the history of each balance is added up',
  },
  {
    of: { text: 'with compared as materialized' },
    kinds: ['many rows', 'large sort', 'several plans'],
    because:
      'the reconciliation compares all movements since the last seal, or all of a part, with the balances',
  },
  {
    of: { text: 'with since as materialized' },
    kinds: ['many rows', 'several plans'],
    because: 'the reconciliation looks at every movement since the last seal for impossible values',
  },
  {
    of: { text: 'sum(sum(version)) over (order by item_id)' },
    kinds: ['many rows', 'large sort'],
    because: 'the reconciliation divides all items of an organization into the steps of its walk',
  },
  {
    of: { text: 'as "lagSeconds"' },
    kinds: ['large sort', 'several plans'],
    because: 'the reconciliation reads the times of two entries once a run, from an index that has them',
  },
  {
    of: {
      within: [
        'inventory.lease_reconciliation',
        'inventory.tell_reconciliation_failures',
        'reconciliation_lag',
        'recovery.beat',
      ],
    },
    kinds: ['many rows', 'several plans'],
    because: 'a job looks at every organization: some milliseconds for 10,000 of them',
  },
];

/** The reason for which a statement may have a fault. */
export function reasonFor(
  { text, within = '' }: Pick<RunStatement, 'text' | 'within'>,
  kind: FaultKind,
): Reason | undefined {
  return reasons.find(
    ({ of, kinds }) =>
      kinds.includes(kind) && ('within' in of ? of.within.includes(within) : text.includes(of.text)),
  );
}

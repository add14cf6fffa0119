import type { FaultKind } from './faults.ts';
import type { RunStatement } from './recording.ts';

/** A fault of plans that is accepted, and why. */
export interface Reason {
  /** The function that runs the statement, or a part of its text. */
  readonly of: { readonly within: string } | { readonly text: string };
  readonly kinds: readonly FaultKind[];
  readonly because: string;
}

const within = (name: string) => ({ within: name }) as const;
const reading = (text: string) => ({ text }) as const;

export const reasons: readonly Reason[] = [
  {
    of: reading('tenancy.appearance(code)'),
    kinds: ['many rows', 'large sort', 'several plans'],
    because: 'an import compares the codes that it has created with all of the organization, once',
  },
  {
    of: reading('with compared as materialized'),
    kinds: ['many rows', 'large sort', 'several plans'],
    because:
      'the reconciliation compares all movements since the last seal, or all of a part, with the balances',
  },
  {
    of: reading('with since as materialized'),
    kinds: ['many rows', 'several plans'],
    because: 'the reconciliation looks at every movement since the last seal for impossible values',
  },
  {
    of: reading('as "lagSeconds"'),
    kinds: ['large sort', 'several plans'],
    because: 'the reconciliation reads the times of two entries once a run, from an index that has them',
  },
  ...['inventory.seal_next', 'seal_leaves'].map((name) => ({
    of: within(name),
    kinds: ['many rows', 'large sort'] as const,
    because: `${name}(): a seal contains every movement since the last one, in their order`,
  })),
];

/** The reason for which a statement may have a fault. */
export function reasonFor(
  { text, within }: Pick<RunStatement, 'text' | 'within'>,
  kind: FaultKind,
): Reason | undefined {
  return reasons.find(
    ({ of, kinds }) =>
      kinds.includes(kind) && ('within' in of ? of.within === within : text.includes(of.text)),
  );
}

import { faultsOf, type PlanFault } from './faults.ts';
import { nodesOf, type PlanNode, shapeOf } from './plan-tree.ts';
import type { Planted } from './plant.ts';
import { type Reason, reasonFor } from './reasons.ts';
import type { RunStatement } from './recording.ts';

/** A plan of a statement, and where it was seen first. */
export interface SeenPlan {
  readonly ledger: string;
  readonly step: string;
  readonly shape: string;
  readonly faults: readonly PlanFault[];
}

/** A statement, of one login role, within one function. */
export interface ProvenStatement extends Pick<RunStatement, 'login' | 'text' | 'within'> {
  readonly plans: readonly SeenPlan[];
  /** One of each kind, without those for which there is a reason. */
  readonly faults: readonly PlanFault[];
}

interface Found extends SeenPlan {
  readonly plan: PlanNode;
  readonly planted: Planted;
}

/** The statements that were run, with their different plans. */
export class Statements {
  private readonly found = new Map<string, { statement: RunStatement; plans: Map<string, Found> }>();

  note(statement: RunStatement, ledger: string, step: string, planted: Planted): void {
    const { login, within, text, plan } = statement;
    const key = [login, within, text].join(' ');
    const known = this.found.get(key) ?? { statement, plans: new Map<string, Found>() };
    this.found.set(key, known);
    const faults = faultsOf(plan, planted.tables);
    const shape = shapeOf(plan);
    const same = [ledger, shape, ...faults.map(({ kind }) => kind)].join(' ');
    if (!known.plans.has(same)) known.plans.set(same, { ledger, step, shape, faults, plan, planted });
  }

  /** Every statement with its faults, and the reasons for which faults were accepted. */
  judge(): { readonly statements: readonly ProvenStatement[]; readonly used: readonly Reason[] } {
    const used = new Set<Reason>();
    const statements = [...this.found.values()].map(({ statement, plans }): ProvenStatement => {
      const { login, text, within } = statement;
      const found = [...plans.values()];
      const faults = [...found.flatMap((each) => each.faults), ...differences(found)];
      const kinds = new Map(faults.map((fault) => [fault.kind, fault]));
      return {
        login,
        text,
        within,
        plans: found.map(({ ledger, step, shape, faults }) => ({ ledger, step, shape, faults })),
        faults: [...kinds.values()].filter(({ kind }) => {
          const reason = reasonFor(statement, kind);
          if (reason) used.add(reason);
          return !reason;
        }),
      };
    });
    return { statements, used: [...used] };
  }
}

/** A fault when two of the plans have different shapes. How few rows, or those of the catalogue, are found, Postgres may decide. */
function differences(plans: readonly Found[]): PlanFault[] {
  const [first, ...others] = plans.filter(({ plan, planted: { tables, tiny } }) =>
    nodesOf(plan).some(({ 'Relation Name': table = '' }) => tables.has(table) && !tiny.has(table)),
  );
  const isSame = (one: Found, other: Found) => {
    const tiny = one.planted.tiny.union(other.planted.tiny);
    return shapeOf(one.plan, tiny) === shapeOf(other.plan, tiny);
  };
  const other = others.find((each) => first && !isSame(first, each));
  return other ? [{ kind: 'several plans', detail: `another one on: ${other.ledger}` }] : [];
}
